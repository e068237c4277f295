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

# The options whose value is the next word, or stands behind "=".
_bailiffctl_valued()
{
	bailiffctl "$@" --help 2>/dev/null | sed -n 's/^  \(-.\), \(--[a-z0-9-]*\)=.*/\1 \2/p; s/^      \(--[a-z0-9-]*\)=.*/\1/p'
}

# What the value of an option can be; none where that is the user's to know.
_bailiffctl_value()
{
	case $1 in
	--json | -j) compadd -- short pretty off ;;
	--color) compadd -- auto always never ;;
	--sort) compadd -- cpu time memory tasks profile id ;;
	--ready) compadd -- exec notify ;;
	--machine | -M) compadd -- ${(f)"$(machinectl --no-legend list 2>/dev/null | sed 's/ .*//')"} ;;
	--signal | --stop-signal | -s) compadd -- SIG${^signals[2,-3]} ;;
	--output | --file) _files ;;
	esac
}

_bailiffctl()
{
	local -a found verb valued
	local i arguments=0 remote='' last=''

	valued=(${=$(_bailiffctl_valued)})
	for ((i = 2; i < CURRENT; i++)); do
		last=''
		case ${words[i]} in
		-H* | -M* | --host | --machine | --host=* | --machine=*) remote=yes ;;
		esac
		case ${words[i]} in
		-*)
			if (( ${valued[(Ie)${words[i]}]} )); then
				last=${words[i]}
				((i++))
			fi
			;;
		*)
			if [[ ${#verb} -eq 0 || ( ${verb[1]} == policy && ${#verb} -lt 2 ) ]]; then
				verb+=("${words[i]}")
				valued=(${=$(_bailiffctl_valued $verb)})
			else
				((++arguments))
			fi
			;;
		esac
	done
	# The loop went beyond the word: that is a value.
	if [[ -n $last && $i -gt $CURRENT ]]; then
		# One letter, two meanings.
		[[ $last != -s || ${verb[1]-} != top ]] || last=--sort
		_bailiffctl_value $last
		return
	fi
	if (( arguments > 0 )) && [[ ${verb[1]} == (run|launch|explain) ]]; then
		# The program and what it is given.
		_files
		return
	fi
	if [[ ${words[CURRENT]} == --*=* ]]; then
		compset -P '*='
		_bailiffctl_value ${${words[CURRENT]}%%=*}
		return
	fi
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
