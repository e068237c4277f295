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

_bailiffctl_containers()
{
	machinectl --no-legend list 2>/dev/null | sed 's/ .*//'
}

# The options whose value is the next word, or stands behind "=".
_bailiffctl_valued()
{
	bailiffctl "$@" --help 2>/dev/null | sed -n 's/^  \(-.\), \(--[a-z0-9-]*\)=.*/\1 \2/p; s/^      \(--[a-z0-9-]*\)=.*/\1/p'
}

# Sets of the caller: verb, remote, the number of arguments behind the verb, and the options with values. It is what stands
# before the word.
_bailiffctl_look()
{
	local i

	valued=$(_bailiffctl_valued)
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-H* | -M* | --host | --machine | --host=* | --machine=*) remote=yes ;;
		esac
		case ${COMP_WORDS[i]} in
		-*)
			[[ " ${valued//$'\n'/ } " == *" ${COMP_WORDS[i]} "* ]] || continue
			# "--host=x" comes in three words.
			[[ ${COMP_WORDS[i + 1]} != = ]] || ((i++))
			((i++))
			;;
		=) ;;
		*)
			if [[ ${#verb[@]} -eq 0 || (${verb[0]} == policy && ${#verb[@]} -lt 2) ]]; then
				verb+=("${COMP_WORDS[i]}")
				valued=$(_bailiffctl_valued "${verb[@]}")
			else
				((++arguments))
			fi
			;;
		esac
	done
}

_bailiffctl_files()
{
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
	compopt -o filenames 2>/dev/null
	return 0
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
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=() remote='' arguments=0 valued='' words=''

	_bailiffctl_look
	# "--arch=x" comes in three words.
	if [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $word == = ]]; then
		word=''
	fi
	# One letter, two meanings.
	[[ $before != -s || ${verb[0]-} != top ]] || before=--sort
	case $before in
	--arch) words=$(_bailiffctl_architectures "${verb[@]}") ;;
	--json | -j) words='short pretty off' ;;
	--color) words='auto always never' ;;
	--sort) words='cpu time memory tasks profile id' ;;
	--ready) words='exec notify' ;;
	--machine | -M) words=$(_bailiffctl_containers) ;;
	--signal | --stop-signal | -s) words=$(compgen -A signal SIG) ;;
	*)
		if [[ $arguments -gt 0 && (${verb[0]} == run || ${verb[0]} == launch || ${verb[0]} == explain) ]]; then
			# The program and what it is given.
			_bailiffctl_files "$word"
			return
		elif [[ $word == -* ]]; then
			words=$(_bailiffctl_options "${verb[@]}")
		elif [[ ${verb[0]} == verify || (${verb[0]} == policy && ${#verb[@]} -gt 1) ]]; then
			_bailiffctl_files "$word"
			return
		elif [[ " ${valued//$'\n'/ } " == *" $before "* ]]; then
			COMPREPLY=()
			return 0
		elif [[ ${#verb[@]} -eq 0 || ${verb[0]} == policy ]]; then
			words=$(_bailiffctl_verbs "${verb[@]}")
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
