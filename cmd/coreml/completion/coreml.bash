# Completion of coreml for bash, 3.2 and newer.

_coreml() {
	local line="${COMP_LINE:0:COMP_POINT}" tab=$'\t' entry value word before
	# The word as the shell's own splitting at =, : and @ leaves it, for what is replaced.
	word="${COMP_WORDS[COMP_CWORD]}"
	before=
	# Those of the characters that split words which names and flags have in them.
	local breaks="${COMP_WORDBREAKS//[^@=:]/}"
	case "$word" in
	\"* | \'*) ;;
	*)
		local whole="${line##*[[:space:]]}"
		[ -z "$breaks" ] || case "$whole" in
		*["$breaks"]*) before="${whole%"${whole##*["$breaks"]}"}" ;;
		esac
		;;
	esac
	COMPREPLY=()
	while IFS= read -r entry; do
		value="${entry%%"$tab"*}"
		case "$before" in
		'') ;;
		*) [ "${value#"$before"}" != "$value" ] || continue ;;
		esac
		value="${value#"$before"}"
		case "$word" in
		\"* | \'*) ;;
		\~/*) value="~/$(printf %q "${value#\~/}")" ;;
		*) value="$(printf %q "$value")" ;;
		esac
		# What ends so goes on; a space ends the others.
		case "$value" in
		*[/=:]) ;;
		*) case "$word" in \"* | \'*) ;; *) value="$value " ;; esac ;;
		esac
		COMPREPLY+=("$value")
	done < <("${COMP_WORDS[0]}" __complete --line "$line" 2>/dev/null)
}

complete -o nospace -F _coreml coreml
