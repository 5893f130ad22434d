package pattern

import (
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// Parts that the patterns in use are built from. blanks ends most of them: \s+(?!\S)
// takes white space but for the last character before a word, which then is the word's.
const (
	contractions     = `'s|'t|'re|'ve|'m|'ll|'d`
	foldContractions = `(?i:` + contractions + `)`
	blanks           = `|\s+(?!\S)|\s+`
	upperClass       = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
	lowerClass       = `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
	otherTail        = `| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+` + blanks
)

// cl100k and o200k spell the patterns of those families.
func cl100k(numbers string) string {
	return foldContractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|` + numbers + `| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+` + blanks
}

// o200k spells the patterns of o200k: words by the case of their letters, so that
// "HelloWorld" is two.
func o200k(suffix, numbers string) string {
	return `[^\r\n\p{L}\p{N}]?` + upperClass + `*` + lowerClass + `+` + suffix +
		`|[^\r\n\p{L}\p{N}]?` + upperClass + `+` + lowerClass + `*` + suffix + `|` + numbers + otherTail
}

// known maps the exact text of the patterns in use to the functions that match
// them. A pattern that differs by one character is another one, and goes to the engine:
// slower, and right.
var known = map[string]Scan{
	// GPT-2 and its followers, in two spellings.
	contractions + `| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+` + blanks:      ScanGPT2,
	`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+` + blanks: ScanGPT2,
	// cl100k, which is that of GPT-4, and Llama 3; the same with two digits; and with one,
	// as Qwen has it.
	cl100k(`\p{N}{1,3}`): scanCL100K(3, uni.Letter),
	cl100k(`\p{N}{1,2}`): scanCL100K(2, uni.Letter),
	cl100k(`\p{N}`):      scanCL100K(1, uni.Letter),
	// The newer models of Qwen, for which marks are a part of their word.
	foldContractions + `|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+` + blanks: scanCL100K(1, uni.Letter|uni.Mark),
	// o200k, which is that of GPT-4o; the same without contractions; and with one digit, as
	// Mistral's Tekken has it.
	o200k(foldContractions+`?`, `\p{N}{1,3}`): scanO200K(3, true),
	o200k(``, `\p{N}{1,3}`):                   scanO200K(3, false),
	o200k(``, `\p{N}`):                        scanO200K(1, false),

	// DeepSeek V2 and V3, with line breaks as characters and as escapes, and the runs of
	// Chinese, Japanese and Korean that they cut off before it.
	"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+" +
		`|[^` + "\r\n" + `\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[` + "\r\n" + `]*|\s*[` + "\r\n" + `]+` + blanks: scanDeepSeek,
	"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+" +
		`|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+` + blanks: scanDeepSeek,
	`[一-龥぀-ゟ゠-ヿ]+`: scanHan,
	`[一-龥ࠀ-一가-퟿]+`: scanHanHangul,
	`<\|startoftext\|>|<\|endoftext\|>|` + contractions + `|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`: scanCLIP,

	// Steps of several tokenizers, each before a wider pattern.
	`[0-9][0-9][0-9]`: func(_ *uni.Table, s string, i int) int {
		if i+3 <= len(s) && isDigit(s[i]) && isDigit(s[i+1]) && isDigit(s[i+2]) {
			return i + 3
		}
		return i
	},
	`\p{N}{1,3}`: func(t *uni.Table, s string, i int) int { return digits(t, s, i, 3) },
	`\p{N}`:      func(t *uni.Table, s string, i int) int { return digits(t, s, i, 1) },
	`\p{N}+`:     func(t *uni.Table, s string, i int) int { return t.Run(s, i, uni.Number) },
	`\s+`:        func(t *uni.Table, s string, i int) int { return t.Run(s, i, uni.Space) },
	`\s`: func(t *uni.Table, s string, i int) int {
		if c, n := t.At(s, i); c&uni.Space != 0 {
			return i + n
		}
		return i
	},
	"[\r\n]":      scanBreak,
	`[\r\n]`:      scanBreak,
	"\\s?\\p{L}+": func(t *uni.Table, s string, i int) int { return afterSpace(t, s, i, uni.Letter) },
	"\\s?\\p{P}+": func(t *uni.Table, s string, i int) int { return afterSpace(t, s, i, uni.Punct) },
}

// isDigit reports whether b is a digit of ASCII.
func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// isASCIILetter reports whether b is a letter of ASCII.
func isASCIILetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// scanBreak matches one carriage return or line feed.
func scanBreak(_ *uni.Table, s string, i int) int {
	if s[i] == '\r' || s[i] == '\n' {
		return i + 1
	}
	return i
}

// afterSpace matches \s?[want]+. Where nothing follows the white space, the pattern goes
// back and tries without; white space is of no class that want has, so nothing is found.
func afterSpace(t *uni.Table, s string, i int, want uint8) int {
	if c, n := t.At(s, i); c&uni.Space != 0 && i+n < len(s) {
		if end := t.Run(s, i+n, want); end > i+n {
			return end
		}
	}
	return t.Run(s, i, want)
}

// scanDeepSeek is the word pattern of DeepSeek V2 and V3. Its parts are tried in the
// order of the pattern: the first that matches wins, however short.
func scanDeepSeek(t *uni.Table, s string, i int) int {
	if b := s[i]; b > ' ' && b < 0x7f && !isDigit(b) && !isASCIILetter(b) {
		j := i + 1
		for j < len(s) && isASCIILetter(s[j]) {
			j++
		}
		if j > i+1 {
			return j
		}
	}
	const word = uni.Letter | uni.Mark
	c, n := t.At(s, i)
	if c&(uni.Letter|uni.Punct|uni.Symbol) == 0 && s[i] != '\r' && s[i] != '\n' && i+n < len(s) {
		if end := t.Run(s, i+n, word); end > i+n {
			return end
		}
	}
	if end := t.Run(s, i, word); end > i {
		return end
	}
	j := i
	if s[i] == ' ' {
		j++
	}
	if end := t.Run(s, j, uni.Punct|uni.Symbol); end > j {
		for end < len(s) && (s[end] == '\r' || s[end] == '\n') {
			end++
		}
		return end
	}
	if end := lines(t, s, i); end > i {
		return end
	}
	return blank(t, s, i)
}

// scanHan matches the run of Chinese and Japanese characters that DeepSeek
// splits off.
func scanHan(_ *uni.Table, s string, i int) int {
	return runeRun(s, i, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fa5 || r >= 0x3040 && r <= 0x30ff })
}

// scanHanHangul matches the older form of that pattern.
func scanHanHangul(_ *uni.Table, s string, i int) int {
	return runeRun(s, i, func(r rune) bool { return r >= 0x800 && r <= 0x9fa5 || r >= 0xac00 && r <= 0xd7ff })
}

// runeRun returns the end of the run of characters at s[i] that in accepts.
func runeRun(s string, i int, in func(rune) bool) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !in(r) {
			break
		}
		i += n
	}
	return i
}

// scanCLIP is the pattern of CLIP. It has no part for white space, which is between the
// matches and removed there.
func scanCLIP(t *uni.Table, s string, i int) int {
	for _, special := range [2]string{"<|startoftext|>", "<|endoftext|>"} {
		if len(s)-i >= len(special) && s[i:i+len(special)] == special {
			return i + len(special)
		}
	}
	if end := contraction(s, i, false); end > i {
		return end
	}
	if end := t.Run(s, i, uni.Letter); end > i {
		return end
	}
	if end := digits(t, s, i, 1); end > i {
		return end
	}
	return t.RunNot(s, i, notOther)
}
