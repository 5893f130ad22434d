package pattern

import (
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// Scripts cuts where the script changes. As in the reference, what comes
// before the first character that has a script is left out; it is what the
// matcher matches. Script 0 is that of the space and of what has no script: it goes with
// what is before it. Digits and punctuation have one, Common.
type Scripts struct{}

// Find is that of a [Matcher].
func (Scripts) Find(may *budget.Budget, dst []Match, s string) ([]Match, error) {
	start, last := -1, uint8(0)
	for i, r := range s {
		script := uni.Script(r)
		if !may.Spend(2) {
			return dst, may.Err
		}
		if script == 0 {
			continue
		}
		if script != last {
			if start >= 0 {
				dst = append(dst, Match{int32(start), int32(i), false})
			} else if i > 0 {
				dst = append(dst, Match{0, int32(i), true})
			}
			start = i
		}
		last = script
	}
	if start < 0 {
		return append(dst, Match{0, int32(len(s)), true}), nil
	}
	return append(dst, Match{int32(start), int32(len(s)), false}), nil
}
