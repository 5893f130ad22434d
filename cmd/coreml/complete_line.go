package main

import "strings"

// shellWords splits a line as a shell does that is typed into: the last word may be
// empty, and a quote in it open. Nothing is expanded.
//
// Bash alone hands over the line: its own words are split at equals signs and colons,
// which names of repositories have.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	inWord := false
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == '\'' && c != quote, quote == '"' && c != quote && c != '\\':
			word.WriteByte(c)
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\':
			inWord = true
			if i++; i == len(line) {
				break
			}
			// Between quotes a backslash stands for itself before most characters.
			if quote == '"' && !strings.ContainsRune("\\\"$`", rune(line[i])) {
				word.WriteByte(c)
			}
			word.WriteByte(line[i])
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == ' ' || c == '\t' || c == '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			inWord = true
			word.WriteByte(c)
		}
	}
	return append(words, word.String())
}
