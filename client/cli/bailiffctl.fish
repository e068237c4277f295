# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of bailiffctl(1) for fish: verbs, options, ids, profiles. Everything is asked of bailiffctl itself.

# The verb in front of the word, with that of policy; empty before it.
function __bailiffctl_verb
    set -l words (commandline -opc)
    set -l verb
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case -H -M --host --machine -j --json --color --address
                set -e words[1]
            case '-*'
            case '*'
                set -a verb $words[1]
                test "$verb[1]" = policy -a (count $verb) -lt 2
                or break
        end
        set -e words[1]
    end
    set -q verb[1]
    and printf '%s\n' $verb
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
    set -l verb (__bailiffctl_verb)
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
