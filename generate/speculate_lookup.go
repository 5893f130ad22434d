package generate

// lookup finds what followed the last time that a text ended as it does now. Places that
// begin alike are chained by a hash of the tokens before them, the last first, as
// compressors of the LZ77 kind do it, so that a text of any length costs the same at
// every step.
type lookup struct {
	least int // tokens that must be the same
	head  []int32
	// before is, of each place, the one of the same hash before it; 0 for none.
	before []int32
	done   int // places up to this one are in the chains
}

const (
	// mostLooked is how many earlier places are compared with the end of the text.
	mostLooked = 16
	// longestMatch is how many tokens are compared at each.
	longestMatch = 32
)

// newLookup returns an index of texts of up to length tokens, which allocates nothing
// more for them.
func newLookup(least, length int) *lookup {
	size := 16
	for size < 2*length && size < 1<<20 {
		size *= 2
	}
	return &lookup{least: least, head: make([]int32, size), before: make([]int32, 0, length+1)}
}

// hash returns the chain of place at, by the two tokens before it.
func (l *lookup) hash(text []int, at int) int {
	h := uint64(uint32(text[at-1]))<<32 | uint64(uint32(text[at-2]))
	h *= 0x9e3779b97f4a7c15 // the golden ratio's fraction: Knuth's multiplicative hash
	return int(h >> 32 & uint64(len(l.head)-1))
}

// find returns at most n tokens that followed where the text had its last tokens before,
// and how many of them were the same there. Of several places it is the one where the
// most are, and of these the last. Where the text runs into its own end it goes on with
// what was found. The text must be the one of the last call and more.
func (l *lookup) find(text []int, n int) (draft []int, matched int) {
	for at := max(l.done+1, 2); at < len(text); at++ {
		l.add(text, at)
	}
	l.done = max(l.done, len(text)-1)
	if len(text) < max(l.least, 2) || n <= 0 {
		return nil, 0
	}
	best := 0
	at := int(l.head[l.hash(text, len(text))])
	for range mostLooked {
		if at == 0 {
			break
		}
		if k := common(text[:at], text); k > matched {
			best, matched = at, k
		}
		if matched >= longestMatch {
			break
		}
		at = int(l.before[at])
	}
	if matched < l.least {
		return nil, 0
	}
	end := len(text)
	for i := range n {
		text = append(text, text[best+i])
	}
	return text[end:], matched
}

// add puts a place into its chain.
func (l *lookup) add(text []int, at int) {
	for len(l.before) <= at {
		l.before = append(l.before, 0)
	}
	h := l.hash(text, at)
	l.before[at], l.head[h] = l.head[h], int32(at)
}

// common returns how many of the last tokens of two texts are the same.
func common(a, b []int) int {
	n := 0
	for n < longestMatch && n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}
