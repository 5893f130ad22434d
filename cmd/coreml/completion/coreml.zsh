#compdef coreml
# Completion of coreml for zsh, 5.1 and newer.

_coreml() {
	local entry value show
	local -i width=0
	local -a entries values shows open openshows given
	# The home of another user, or a variable, is the shell's affair.
	if [[ $PREFIX == '~'* ]]; then
		_files
		return
	fi
	given=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
	entries=(${(f)"$("${(Q)words[1]}" __complete "${given[@]}" 2>/dev/null)"})
	for entry in "${entries[@]}"; do
		value="${entry%%$'\t'*}"
		(( width = $#value > width ? $#value : width ))
	done
	for entry in "${entries[@]}"; do
		value="${entry%%$'\t'*}"
		show="$value"
		if [[ $entry == *$'\t'* ]]; then
			show="${(r:$width:)value}  -- ${entry#*$'\t'}"
			show="${show[1,COLUMNS-1]}"
		fi
		# What ends so goes on; a space ends the others.
		if [[ $value == *[/=:] ]]; then
			open+=("$value")
			openshows+=("$show")
		else
			values+=("$value")
			shows+=("$show")
		fi
	done
	(( $#values )) && compadd -l -d shows -a values
	(( $#open )) && compadd -S '' -l -d openshows -a open
	(( $#values + $#open ))
}

# It is a function of its own when fpath has it, and defines one when it is read.
if [[ ${funcstack[1]} == _coreml ]]; then
	_coreml "$@"
else
	compdef _coreml coreml
fi
