package tokenizer

import (
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// scriptMatcher cuts where the script changes. As in the reference, what comes
// before the first character that has a script is left out; it is what the
// matcher matches.
type scriptMatcher struct{}

func (scriptMatcher) find(may *budget, dst []match, s string) ([]match, error) {
	start, last := -1, uint8(0)
	for i, r := range s {
		script := uni.Script(r)
		if !may.spend(2) {
			return dst, may.err
		}
		if script == 0 {
			continue
		}
		if script != last {
			if start >= 0 {
				dst = append(dst, match{int32(start), int32(i), false})
			} else if i > 0 {
				dst = append(dst, match{0, int32(i), true})
			}
			start = i
		}
		last = script
	}
	if start < 0 {
		return append(dst, match{0, int32(len(s)), true}), nil
	}
	return append(dst, match{int32(start), int32(len(s)), false}), nil
}

// lengthMatcher cuts into pieces of so many characters.
type lengthMatcher struct{ length int }

func (m lengthMatcher) find(may *budget, dst []match, s string) ([]match, error) {
	for start := 0; start < len(s); {
		end := start
		for n := m.length; n > 0 && end < len(s); n-- {
			_, size := utf8.DecodeRuneInString(s[end:])
			end += size
		}
		if !may.spend(end - start) {
			return dst, may.err
		}
		dst = append(dst, match{int32(start), int32(end), true})
		start = end
	}
	return dst, nil
}
