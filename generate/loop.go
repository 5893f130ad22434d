package generate

// Loop is a part of an answer that it gives again and again at its end.
type Loop struct {
	// Length is the number of tokens of the part.
	Length int
	// Times is how often the answer holds it, one behind the other, at its end.
	Times int
}

const (
	// loopTimes and loopTokens are what makes repeated text a loop: a refrain
	// comes twice, and a few equal tokens are a row of dashes or a laugh.
	loopTimes  = 3
	loopTokens = 24
	// loopLength bounds the part that is looked for: some paragraphs.
	loopLength = 256
)

// FindLoop looks for a part that repeats itself at the end of tokens: at least
// three times, and for 24 tokens together. It returns the shortest such part,
// and the zero Loop where there is none. The time is proportional to the number
// of tokens, at most 256 times.
func FindLoop(tokens []int) Loop {
	n := len(tokens)
	for length := 1; length <= min(loopLength, n/loopTimes); length++ {
		same := 0 // tokens at the end that are equal to those length before
		for i := n - 1; i >= length && tokens[i] == tokens[i-length]; i-- {
			same++
		}
		times := same/length + 1
		if times >= loopTimes && times*length >= loopTokens {
			return Loop{Length: length, Times: times}
		}
	}
	return Loop{}
}
