#compdef bailiffctl
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of bailiffctl(1) for zsh: verbs, options, ids, profiles. Everything is asked of bailiffctl itself.

# "name:what it does", as _describe has it.
_bailiffctl_verbs()
{
	bailiffctl "$@" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  *\(.*\)/\1:\2/p'
}

_bailiffctl_options()
{
	bailiffctl "$@" --help 2>/dev/null | sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*=\{0,1\}\).*/\2/p'
}

_bailiffctl_profiles()
{
	bailiffctl --no-legend profiles 2>/dev/null | sed 's/ .*//'
}

_bailiffctl_ids()
{
	bailiffctl --no-legend list 2>/dev/null | sed 's/^ *\([0-9]*\).*/\1/'
}

_bailiffctl()
{
	local -a found verb
	local i remote=''

	for ((i = 2; i < CURRENT; i++)); do
		case ${words[i]} in
		-H | -M | --host | --machine) remote=yes; ((i++)) ;;
		-j | --json | --color | --address) ((i++)) ;;
		-H* | -M* | --host=* | --machine=*) remote=yes ;;
		-*) ;;
		*)
			verb+=("${words[i]}")
			[[ ${verb[1]} == policy && ${#verb} -lt 2 ]] || break
			;;
		esac
	done
	if [[ ${words[CURRENT]} == -* ]]; then
		found=(${(f)"$(_bailiffctl_options $verb)"})
		compadd -S '' -- ${(M)found:#*=}
		compadd -- ${found:#*=}
		return
	fi
	if [[ ${#verb} -eq 0 || ( ${verb[1]} == policy && ${#verb} -eq 1 ) ]]; then
		found=(${(f)"$(_bailiffctl_verbs $verb)"})
		_describe verb found
		return
	fi
	case ${verb[1]} in
	verify | policy) _files; return ;;
	esac
	# Other machines are not asked: that would log in at every key.
	[[ -z $remote ]] || return
	case ${verb[1]} in
	run | launch | cat | explain) found=(${(f)"$(_bailiffctl_profiles)"}) ;;
	status | signal | stop | wait | attach | freeze | thaw | limits | usage | violations) found=(${(f)"$(_bailiffctl_ids)"}) ;;
	show | kill) found=(${(f)"$(_bailiffctl_ids)"} ${(f)"$(_bailiffctl_profiles)"}) ;;
	esac
	compadd -- $found
}

# Autoloaded by the completion system, this file is the function's body; sourced, it defines it.
if [[ ${funcstack[1]-} == _bailiffctl ]]; then
	_bailiffctl "$@"
elif (( ${+functions[compdef]} )); then
	compdef _bailiffctl bailiffctl
fi
