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

_bailiffctl()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=() words='' i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-* | = | short | pretty | off) ;;
		*)
			verb+=("${COMP_WORDS[i]}")
			[[ ${verb[0]} == policy && ${#verb[@]} -lt 2 ]] || break
			;;
		esac
	done
	# "--arch=x" comes in three words.
	if [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $word == = ]]; then
		word=''
	fi
	if [[ $before == --arch ]]; then
		words=$(_bailiffctl_architectures "${verb[@]}")
	elif [[ $word == -* ]]; then
		words=$(_bailiffctl_options "${verb[@]}")
	elif [[ ${verb[*]} == '' || ${verb[*]} == policy ]]; then
		words=$(_bailiffctl_verbs "${verb[@]}")
	else
		case ${verb[0]} in
		run | launch | cat)
			words=$(bailiffctl --no-legend profiles 2>/dev/null | sed 's/ .*//')
			;;
		status | signal | stop | wait)
			words=$(bailiffctl --no-legend list 2>/dev/null | sed 's/^ *\([0-9]*\).*/\1/')
			;;
		verify | policy)
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			compopt -o filenames 2>/dev/null
			return 0
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
	return 0
}

complete -F _bailiffctl bailiffctl
