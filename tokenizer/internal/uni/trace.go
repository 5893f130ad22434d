package uni

import "unicode/utf8"

// Change is a character of a rewritten text and how it came to be: 0 if it
// takes the place of the next character of the old text, 1 if it was inserted
// after the one before, and -n if it takes the place of the next character and
// of n further ones.
type Change struct {
	Rune  rune
	Delta int32
}

// Trace returns what [Normalize] makes of s with the origin of each character.
// It returns nil where a look at the bytes shows that the form leaves s alone, and where
// the guard stops it.
func Trace(f Form, s string, g Guard) []Change {
	if isPlain(s) || f == NFC && isLatin(s) {
		return nil
	}
	t := normalization()
	out := t.decomposeChanges(s, f, g)
	if out == nil || !t.orderChanges(out, g) {
		return nil
	}
	if f == NFC || f == NFKC {
		out = t.composeChanges(out, g)
	}
	return out
}

// decomposeChanges is decomposeAll with the origins: the first part of a character
// takes its place, the others are inserted behind it.
func (t *normTables) decomposeChanges(s string, f Form, g Guard) []Change {
	compat := f == NFKC || f == NFKD
	out := make([]Change, 0, len(s))
	var parts []rune
	n, size := 0, 0
	for _, r := range s {
		parts = t.decompose(parts[:0], r, compat)
		for i, p := range parts {
			out = append(out, Change{p, int32(min(i, 1))})
			size += utf8.RuneLen(p)
		}
		if !g.goes(n, size) {
			return nil
		}
		n++
	}
	return out
}

// orderChanges is order with the origins, which move with their marks: a mark that
// was sorted before another says what it did where it stood, and so the places of the
// two are not theirs in the original. The reference has it so.
func (t *normTables) orderChanges(out []Change, g Guard) bool {
	for i := 0; i < len(out); i++ {
		if !g.goes(i, 0) {
			return false
		}
		if out[i].Rune >= 0x300 && t.class[out[i].Rune] != 0 {
			if i = sortMarks(t, out, i, func(c Change) rune { return c.Rune }, g); i < 0 {
				return false
			}
		}
	}
	return true
}

// composeChanges is composeAll with the origins: a composed character has
// those of both parts, less one for the character that is gone.
func (t *normTables) composeChanges(in []Change, g Guard) []Change {
	out := in[:0]
	starter, last := -1, -1
	for i, c := range in {
		if !g.goes(i, 0) {
			return nil
		}
		class := int(t.class[c.Rune])
		if starter >= 0 && last < class {
			if r, ok := t.pair(out[starter].Rune, c.Rune); ok {
				out[starter] = Change{r, out[starter].Delta + c.Delta - 1}
				continue
			}
		}
		if class == 0 {
			starter, last = len(out), -1
		} else {
			last = class
		}
		out = append(out, c)
	}
	return out
}

// IsMark reports whether r is a mark of Unicode 9.0.
func IsMark(r rune) bool { return r >= 0x300 && properties().marks.has(r) }
