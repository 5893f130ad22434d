package normalizer

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// Precompiled is SentencePiece's compiled table of replacements: a double
// array trie (the format of darts-clone) that leads to texts which end with a
// zero byte.
type Precompiled struct {
	units []uint32
	texts string
}

// ErrCharsMap is the cause of loading a malformed table.
var ErrCharsMap = errors.New("malformed precompiled_charsmap")

// readCharsMap reads the table from base64, which is how tokenizer.json has it.
func readCharsMap(text string) (*Precompiled, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) < 4 {
		return nil, ErrCharsMap
	}
	return ReadTable(data)
}

// ReadTable reads a table of at least four bytes, which are its size.
func ReadTable(data []byte) (*Precompiled, error) {
	size := int64(binary.LittleEndian.Uint32(data))
	data = data[4:]
	if size%4 != 0 || size > int64(len(data)) {
		return nil, ErrCharsMap
	}
	p := &Precompiled{units: make([]uint32, size/4), texts: string(data[size:])}
	for i := range p.units {
		p.units[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return p, nil
}

// The trie is an array of units. A unit has the byte that leads to it (bits 0 to 7),
// whether a text ends there (bit 8), and how far away its children lie (bits 10 to
// 30, times 256 where bit 9 is set): the child for byte b is at at^offset^b. Where a
// text ends, the child for byte 0 has bit 31 set and the place of its replacement.
// No byte leads to such a unit, so bit 31 is compared together with the byte.

// root returns where the children of the root begin; a table may have none.
func (p *Precompiled) root() (at uint32, ok bool) {
	if len(p.units) == 0 {
		return 0, false
	}
	return offset(p.units[0]), true
}

// child follows a byte. It returns where the children of the child begin, and
// whether a text of the table ends at it.
func (p *Precompiled) child(at uint32, b byte) (next uint32, leaf, ok bool) {
	if at ^= uint32(b); int64(at) >= int64(len(p.units)) {
		return 0, false, false
	}
	unit := p.units[at]
	return at ^ offset(unit), unit>>8&1 != 0, unit&(1<<31|0xff) == uint32(b)
}

// offset returns the part of a unit that leads to its children.
func offset(unit uint32) uint32 { return unit >> 10 << (unit >> 6 & 8) }

// text returns the replacement that the unit at a place leads to. Both places are
// the file's to say.
func (p *Precompiled) text(may *budget.Budget, at uint32) (string, bool) {
	if int64(at) >= int64(len(p.units)) {
		return "", false
	}
	start := int64(p.units[at] & (1<<31 - 1))
	if start > int64(len(p.texts)) {
		return "", false
	}
	text, _, _ := strings.Cut(p.texts[start:], "\x00")
	may.Spend(len(text) / 8)
	return text, true
}

// replacement returns what takes the place of the shortest beginning of s that
// the table has. The whole of s is replaced by it, as in the reference.
func (p *Precompiled) replacement(may *budget.Budget, s string) (string, bool) {
	at, ok := p.root()
	for i := 0; ok && i < len(s) && s[i] != 0; i++ {
		var leaf bool
		if at, leaf, ok = p.child(at, s[i]); ok && leaf {
			return p.text(may, at)
		}
	}
	return "", false
}

// Longest returns the length of the longest beginning of s that the table has,
// and what takes its place: SentencePiece's own way of using its table.
func (p *Precompiled) Longest(may *budget.Budget, s string) (text string, n int) {
	at, ok := p.root()
	var found uint32
	for i := 0; ok && i < len(s) && may.Spend(1); i++ {
		var leaf bool
		if at, leaf, ok = p.child(at, s[i]); !ok || !leaf {
			continue
		}
		if int64(at) >= int64(len(p.units)) {
			break
		}
		found, n = at, i+1
	}
	if n == 0 || may.Err != nil {
		return "", 0
	}
	if text, ok = p.text(may, found); !ok {
		return "", 0
	}
	return text, n
}

// each calls f with the parts of s in order: a cluster or a character that the
// table replaces, or a character that it does not. The reference asks its table for
// clusters of less than six bytes only, and then for the characters of all others.
func (p *Precompiled) each(may *budget.Budget, s string, f func(part, with string, replaced bool)) {
	for len(s) > 0 && may.Spend(1) {
		n := cluster(may, s)
		if n < 6 {
			// One character needs no second look.
			if text, ok := p.replacement(may, s[:n]); ok || n == uni.CharLen(s, 0) {
				f(s[:n], text, ok)
				s = s[n:]
				continue
			}
		}
		for end := len(s) - n; len(s) > end && may.Spend(1); {
			size := uni.CharLen(s, 0)
			text, ok := p.replacement(may, s[:size])
			f(s[:size], text, ok)
			s = s[size:]
		}
	}
}

// normalize rewrites a text. One that the table leaves alone is not copied.
func (p *Precompiled) normalize(may *budget.Budget, s string) string {
	var b strings.Builder
	b.Grow(len(s))
	p.each(may, s, func(part, with string, replaced bool) {
		if !replaced {
			with = part
		}
		if may.Fits(b.Len() + len(with)) {
			b.WriteString(with)
		}
	})
	return b.String()
}

// trace is normalize with the places of the original. As in the reference, the
// characters of a replacement take the places of those before it one by one,
// and what is replaced by nothing is counted with the character before it.
func (p *Precompiled) trace(a *normalized.String) {
	dest := make([]uni.Change, 0, len(a.Text))
	modified := false
	p.each(a.May, a.Text, func(part, with string, replaced bool) {
		if !replaced {
			r, _ := utf8.DecodeRuneInString(part)
			dest = append(dest, uni.Change{Rune: r})
			return
		}
		modified = true
		// A character has four bytes at most.
		if !a.May.Spend(len(with)/4) || !a.May.Fits(len(dest)+len(with)/utf8.UTFMax) {
			return
		}
		for _, r := range with {
			dest = append(dest, uni.Change{Rune: r})
		}
		diff := utf8.RuneCountInString(with) - utf8.RuneCountInString(part)
		for i := range max(diff, 0) {
			dest[len(dest)-1-i].Delta = 1
		}
		if diff < 0 && len(dest) > 0 {
			dest[len(dest)-1].Delta += int32(diff)
		}
	})
	if a.May.Err == nil && modified {
		a.Transform(dest, 0)
	}
}

// cluster returns the length of the grapheme cluster at the start of s.
func cluster(may *budget.Budget, s string) int {
	if len(s) > 1 && s[0] < utf8.RuneSelf && s[1] < utf8.RuneSelf && s[0] != '\r' {
		return 1 // no character of ASCII goes with another but a line feed
	}
	r, n := utf8.DecodeRuneInString(s)
	whole := uni.NewCluster(r)
	for may.Spend(1) && n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if !whole.Takes(r) {
			break
		}
		n += size
	}
	return n
}
