# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of bailiffctl(1) for bash: verbs, options, ids, profiles. Everything is asked of bailiffctl itself.

_bailiffctl_options()
{
	bailiffctl "$@" --help 2>/dev/null | sed -n 's/^  \(-., \|    \)\(--[a-z-]*=\{0,1\}\).*/\2/p'
}

_bailiffctl()
{
	local word=${COMP_WORDS[COMP_CWORD]} verb='' words='' i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-* | = | short | pretty | off) ;;
		*)
			verb=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	if [[ -z $verb && $word != -* ]]; then
		words=$(bailiffctl --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p')
	elif [[ $word == -* ]]; then
		words=$(_bailiffctl_options ${verb:+"$verb"})
	else
		case $verb in
		run | launch | cat)
			words=$(bailiffctl --no-legend profiles 2>/dev/null | sed 's/ .*//')
			;;
		status | signal | stop | wait)
			words=$(bailiffctl --no-legend list 2>/dev/null | sed 's/^ *\([0-9]*\).*/\1/')
			;;
		verify)
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			return
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
	return 0
}

complete -F _bailiffctl bailiffctl
