# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of bailiffctl(1) for fish: verbs, options, ids, profiles. Everything is asked of bailiffctl itself.

# The options whose value is the next word, or stands behind "=".
function __bailiffctl_valued
    bailiffctl $argv --help 2>/dev/null | string replace -rf '^  (?:(-.), |    )(--[a-z0-9-]*)=.*$' '$1 $2' | string split -n ' '
end

# What stands in front of the word: the verb, with that of policy, then "argument" for each argument, and at last, if the word is
# an option's value, that option.
function __bailiffctl_look
    set -l words (commandline -opc)
    set -l verb
    set -l valued (__bailiffctl_valued)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case '-*'
                if contains -- $words[1] $valued
                    if not set -q words[2]
                        printf '%s\n' $words[1]
                        return
                    end
                    set -e words[1]
                end
            case '*'
                if test (count $verb) -eq 0 -o \( "$verb" = policy \)
                    set -a verb $words[1]
                    set valued (__bailiffctl_valued $verb)
                    printf '%s\n' $words[1]
                else
                    echo argument
                end
        end
        set -e words[1]
    end
end

# What the value of an option can be; none where that is the user's to know.
function __bailiffctl_value
    switch $argv[1]
        case --json -j
            printf '%s\n' short pretty off
        case --color
            printf '%s\n' auto always never
        case --sort
            printf '%s\n' cpu time memory tasks profile id
        case --ready
            printf '%s\n' exec notify
        case --machine -M
            machinectl --no-legend list 2>/dev/null | string replace -r ' .*' ''
        case --signal --stop-signal -s
            string replace -r '^' SIG (string split -n ' ' (kill -l))
        case --output --file
            __fish_complete_path (commandline -ct)
    end
end

# Other machines are not asked: that would log in at every key.
function __bailiffctl_is_remote
    string match -qr -- '^(-H|-M|--host|--machine)' (commandline -opc)
end

function __bailiffctl_verbs
    bailiffctl $argv --help 2>/dev/null | string replace -rf '^  ([a-z][a-z-]*) +(.*)$' '$1\t$2'
end

function __bailiffctl_options
    bailiffctl $argv --help 2>/dev/null | string replace -rf '^  (?:-., |    )(--[a-z0-9-]*=?).*$' '$1'
end

function __bailiffctl_profiles
    bailiffctl --no-legend profiles 2>/dev/null | string replace -r ' .*' ''
end

function __bailiffctl_ids
    bailiffctl --no-legend list 2>/dev/null | string replace -r '^ *([0-9]+).*' '$1'
end

function __bailiffctl_words
    set -l words (__bailiffctl_look)
    set -l option (string match -- '-*' $words)
    set -l arguments (string match -- argument $words)
    set -l verb (string match -v -- argument $words | string match -v -- '-*')
    if set -q option[1]
        # One letter, two meanings.
        test "$option $verb[1]" = '-s top'
        and set option --sort
        __bailiffctl_value $option
        return
    end
    if set -q arguments[1]; and contains -- $verb[1] explain launch run
        # The program and what it is given.
        __fish_complete_path (commandline -ct)
        return
    end
    if string match -q -- '-*' (commandline -ct)
        __bailiffctl_options $verb
        return
    end
    if test (count $verb) -eq 0 -o "$verb" = policy
        __bailiffctl_verbs $verb
        return
    end
    if contains -- $verb[1] verify policy
        __fish_complete_path (commandline -ct)
        return
    end
    __bailiffctl_is_remote
    and return
    switch $verb[1]
        case run launch cat explain
            __bailiffctl_profiles
        case status signal stop wait attach freeze thaw limits usage violations
            __bailiffctl_ids
        case show kill
            __bailiffctl_ids
            __bailiffctl_profiles
    end
end

complete -c bailiffctl -f -a '(__bailiffctl_words)'
