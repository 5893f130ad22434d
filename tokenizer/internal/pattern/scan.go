package pattern

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// ScanWords matches \w+|[^\w\s]+, the pattern of the pre-tokenizer Whitespace. The
// reference runs it with Rust's regex, whose \w is that of Unicode Technical Standard 18:
// it has joiners and letters in circles, and no numbers such as ½.
func ScanWords(t *uni.Table, s string, i int) int {
	if end := runeRun(s, i, uni.IsWord); end > i {
		return end
	}
	return runeRun(s, i, func(r rune) bool { return !uni.IsWord(r) && !uni.IsSpace(r) })
}

// Scan finds the match of a pattern that starts at s[i], which is inside s.
// It returns the end of the match, i where there is none.
//
// A scan does what the backtracking engine comes to, without going back: the patterns
// are rows of alternatives whose quantifiers are greedy and whose parts share no
// characters, but where a comment says how it is otherwise.
type Scan func(t *uni.Table, s string, i int) int

// notOther are the classes that [^\s\p{L}\p{N}] leaves out.
const notOther = uni.Space | uni.Letter | uni.Number

// contraction matches 's|'t|'re|'ve|'m|'ll|'d, in any case if fold is set.
// U+017F is a case of s.
func contraction(s string, i int, fold bool) int {
	if i+1 >= len(s) || s[i] != '\'' {
		return i
	}
	a := s[i+1]
	if fold && a >= 'A' && a <= 'Z' {
		a |= 0x20
	}
	switch a {
	case 's', 't', 'm', 'd':
		return i + 2
	case 'r', 'v', 'l':
		if i+2 < len(s) {
			b := s[i+2]
			if fold && b >= 'A' && b <= 'Z' {
				b |= 0x20
			}
			if a == 'l' && b == 'l' || a != 'l' && b == 'e' {
				return i + 3
			}
		}
	case 0xc5:
		if fold && i+2 < len(s) && s[i+2] == 0xbf {
			return i + 3
		}
	}
	return i
}

// blank matches \s+(?!\S)|\s+: a run of white space without the last
// character of it, unless the text ends there or there is only one.
func blank(t *uni.Table, s string, i int) int {
	end, last := i, i
	for end < len(s) {
		c, n := t.At(s, end)
		if c&uni.Space == 0 {
			if last > i {
				return last
			}
			return end
		}
		last = end
		end += n
	}
	return end
}

// lines matches \s*[\r\n]+: white space up to the last line break of a run. \s* takes
// the whole run and goes back to where a line break is left for the rest.
func lines(t *uni.Table, s string, i int) int {
	end := i
	for i < len(s) {
		c, n := t.At(s, i)
		if c&uni.Space == 0 {
			break
		}
		i += n
		if b := s[i-1]; b == '\n' || b == '\r' {
			end = i
		}
	}
	return end
}

// digits matches \p{N}{1,limit}. Numbers are cut from the left, three by three from
// their beginning, not from the point as people group them.
func digits(t *uni.Table, s string, i, limit int) int {
	for ; limit > 0 && i < len(s); limit-- {
		c, n := t.At(s, i)
		if c&uni.Number == 0 {
			break
		}
		i += n
	}
	return i
}

// symbols matches ' ?[^avoid]+[tail]*'. What tail has beside line breaks belongs to the
// run already, and is found once more behind a line break.
func symbols(t *uni.Table, s string, i int, avoid uint8, tail string) int {
	start := i
	if s[i] == ' ' {
		i++
	}
	end := t.RunNot(s, i, avoid)
	if end == i {
		return start
	}
	for end < len(s) && strings.IndexByte(tail, s[end]) >= 0 {
		end++
	}
	return end
}

// ScanGPT2 is the pattern of GPT-2, the default of ByteLevel. What follows a space, or
// stands there without one, decides between letters, numbers and the rest; white space
// is what is left.
func ScanGPT2(t *uni.Table, s string, i int) int {
	if s[i] == '\'' {
		if end := contraction(s, i, false); end > i {
			return end
		}
	}
	j := i
	if s[i] == ' ' {
		j++
	}
	if j < len(s) {
		switch c, n := t.At(s, j); {
		case c&uni.Letter != 0:
			return t.Run(s, j+n, uni.Letter)
		case c&uni.Number != 0:
			return t.Run(s, j+n, uni.Number)
		case c&uni.Space == 0:
			return t.RunNot(s, j+n, notOther)
		}
	}
	return blank(t, s, i)
}

// scanCL100K returns the pattern of cl100k, Llama 3 and Qwen, with numbers of
// up to limit digits. The letters are those with a bit of letter: Letter, or
// Letter|Mark in the newer Qwen models.
//
// The second part, [^\r\n\p{L}\p{N}]?\p{L}+, takes any one character with the word behind
// it. A mark can be both that character and a letter of the newer pattern: it is then
// tried as the character first, and alone where no letter follows.
func scanCL100K(limit int, letter uint8) Scan {
	avoid := uni.Space | uni.Number | letter
	return func(t *uni.Table, s string, i int) int {
		if s[i] == '\'' {
			if end := contraction(s, i, true); end > i {
				return end
			}
		}
		c, n := t.At(s, i)
		switch {
		case c&letter != 0 && c&uni.Letter != 0:
			return t.Run(s, i+n, letter)
		case c&uni.Number != 0:
			return digits(t, s, i, limit)
		case s[i] != '\r' && s[i] != '\n' && i+n < len(s):
			if c2, n2 := t.At(s, i+n); c2&letter != 0 {
				return t.Run(s, i+n+n2, letter)
			}
		}
		if c&letter != 0 {
			return t.Run(s, i+n, letter)
		}
		if end := symbols(t, s, i, avoid, "\r\n"); end > i {
			return end
		}
		if end := lines(t, s, i); end > i {
			return end
		}
		return blank(t, s, i)
	}
}

// scanO200K returns the pattern of o200k and of Mistral's Tekken, with numbers
// of up to limit digits; words take a contraction at their end if suffix is
// set.
func scanO200K(limit int, suffix bool) Scan {
	return func(t *uni.Table, s string, i int) int {
		if end := casedWord(t, s, i); end > i {
			if suffix {
				end = contraction(s, end, true)
			}
			return end
		}
		if end := digits(t, s, i, limit); end > i {
			return end
		}
		if end := symbols(t, s, i, notOther, "\r\n/"); end > i {
			return end
		}
		if end := lines(t, s, i); end > i {
			return end
		}
		return blank(t, s, i)
	}
}

// casedWord matches [^\r\n\p{L}\p{N}]?U*L+|[^\r\n\p{L}\p{N}]?U+L* where U are
// the characters that are not lower case letters and L those that are not
// upper case. Letters without case, such as those of Chinese, are both, and so are
// marks, which can also be the character before the word: each alternative is tried
// behind it first and then from it.
func casedWord(t *uni.Table, s string, i int) int {
	c, n := t.At(s, i)
	next := len(s)
	if c&(uni.Letter|uni.Number) == 0 && s[i] != '\r' && s[i] != '\n' {
		next = i + n
	}
	for _, f := range [2]Scan{lowerEnd, upperStart} {
		if next < len(s) {
			if end := f(t, s, next); end > next {
				return end
			}
		}
		if end := f(t, s, i); end > i {
			return end
		}
	}
	return i
}

// lowerEnd matches U*L+. Where U* leaves no L behind it, it gives characters
// back until one that is both is found.
func lowerEnd(t *uni.Table, s string, i int) int {
	mid := t.Run(s, i, uni.Upper)
	if end := t.Run(s, mid, uni.Lower); end > mid {
		return end
	}
	for mid > i {
		r, n := utf8.DecodeLastRuneInString(s[i:mid])
		if t.Class(r)&uni.Lower != 0 {
			return t.Run(s, mid-n, uni.Lower)
		}
		mid -= n
	}
	return i
}

// upperStart matches U+L*.
func upperStart(t *uni.Table, s string, i int) int {
	mid := t.Run(s, i, uni.Upper)
	if mid == i {
		return i
	}
	return t.Run(s, mid, uni.Lower)
}
