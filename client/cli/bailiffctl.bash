# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of bailiffctl(1) for bash: verbs, options, ids, profiles. Everything is asked of bailiffctl itself.

_bailiffctl_verbs()
{
	bailiffctl "$@" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'
}

_bailiffctl_options()
{
	bailiffctl "$@" --help 2>/dev/null | sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*=\{0,1\}\).*/\2/p'
}

# The architectures are in the help of --arch.
_bailiffctl_architectures()
{
	bailiffctl "$@" --help 2>/dev/null | sed -n 's/.*--arch=ARCH  *the architecture: //p' | sed 's/,//g; s/ or / /; s/;//'
}

_bailiffctl_profiles()
{
	bailiffctl --no-legend profiles 2>/dev/null | sed 's/ .*//'
}

_bailiffctl_ids()
{
	bailiffctl --no-legend list 2>/dev/null | sed 's/^ *\([0-9]*\).*/\1/'
}

# Sets verb and remote of the caller: what stands before the word.
_bailiffctl_look()
{
	local i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-H | -M | --host | --machine | -j | --json | --color | --address)
			[[ ${COMP_WORDS[i]} != -[HM] && ${COMP_WORDS[i]} != --host && ${COMP_WORDS[i]} != --machine ]] || remote=yes
			# The value is the next word; "--host=x" comes in three.
			[[ ${COMP_WORDS[i + 1]} != = ]] || ((i++))
			((i++))
			;;
		-H* | -M* | --host=* | --machine=*) remote=yes ;;
		-* | =) ;;
		*)
			verb+=("${COMP_WORDS[i]}")
			[[ ${verb[0]} == policy && ${#verb[@]} -lt 2 ]] || break
			;;
		esac
	done
}

# What the argument of a verb can be. Other machines are not asked: that would log in at every key.
_bailiffctl_arguments()
{
	[[ -z $remote ]] || return 0
	case ${verb[0]} in
	run | launch | cat | explain) _bailiffctl_profiles ;;
	status | signal | stop | wait | attach | freeze | thaw | limits | usage | violations) _bailiffctl_ids ;;
	show | kill)
		_bailiffctl_ids
		_bailiffctl_profiles
		;;
	esac
}

_bailiffctl()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=() remote='' words=''

	_bailiffctl_look
	# "--arch=x" comes in three words.
	if [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $word == = ]]; then
		word=''
	fi
	case $before in
	--arch) words=$(_bailiffctl_architectures "${verb[@]}") ;;
	--json | -j) words='short pretty off' ;;
	--color) words='auto always never' ;;
	--sort) words='cpu time memory tasks profile id' ;;
	*)
		if [[ $word == -* ]]; then
			words=$(_bailiffctl_options "${verb[@]}")
		elif [[ ${verb[*]} == '' || ${verb[*]} == policy ]]; then
			words=$(_bailiffctl_verbs "${verb[@]}")
		elif [[ ${verb[0]} == verify || ${verb[0]} == policy ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			compopt -o filenames 2>/dev/null
			return 0
		else
			words=$(_bailiffctl_arguments)
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
	return 0
}

complete -F _bailiffctl bailiffctl
