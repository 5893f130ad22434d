package uni

import (
	"sync"
	"unicode/utf8"
)

// The classes of characters in grapheme clusters, in the order of gen.go. Those of
// Indic conjuncts (Indic_Conjunct_Break) are part of them: Consonant and Linker, and of
// the characters that extend a cluster those that may be in a conjunct.
const (
	graphemeOther uint8 = iota
	graphemeCR
	graphemeLF
	graphemeControl
	graphemeExtend
	graphemeConjunctExtend
	graphemeLinker
	graphemeZWJ
	graphemeSpacingMark
	graphemePrepend
	graphemeL
	graphemeV
	graphemeT
	graphemeLV
	graphemeLVT
	graphemePictographic
	graphemeConsonant
	graphemeRegionalIndicator
)

// graphemes is read when it is first needed.
var graphemes = sync.OnceValue(func() *Table {
	r := open(graphemeData)
	t := &Table{blocks: make([][blockSize]uint8, 1, 512)}
	for class := graphemeCR; class <= graphemeRegionalIndicator; class++ {
		for _, part := range r.ranges() {
			for c := part[0]; c <= part[1] && c <= utf8.MaxRune; c++ {
				t.set(c, class) // no character has two
			}
		}
	}
	copy(t.ascii[:], t.blocks[t.stage[0]][:])
	return t
})

// Cluster is what is known of an extended grapheme cluster (Unicode Standard Annex 29)
// while it is read: whether the next character belongs to it depends on the last one
// and on how that was come to.
type Cluster struct {
	table *Table
	last  uint8
	// conjunct and emoji say how far a conjunct or a row of joined emoji has come.
	conjunct, emoji progress
	paired          bool // the last is the second of two regional indicators
}

// progress is how far a sequence has come that needs a joiner in it.
type progress uint8

const (
	none progress = iota
	begun
	joined
)

// NewCluster begins a cluster with its first character.
func NewCluster(r rune) Cluster {
	c := Cluster{table: graphemes()}
	c.take(c.table.Class(r))
	return c
}

// Takes reports whether the next character belongs to the cluster, which then has it.
func (c *Cluster) Takes(r rune) bool {
	class := c.table.Class(r)
	if !c.joins(class) {
		return false
	}
	c.take(class)
	return true
}

// joins says whether there is no boundary before a character of a class. The rules are
// named as the annex has them.
func (c *Cluster) joins(next uint8) bool {
	switch c.last {
	case graphemeCR:
		return next == graphemeLF // GB3
	case graphemeLF, graphemeControl:
		return false // GB4
	}
	switch next {
	case graphemeCR, graphemeLF, graphemeControl:
		return false // GB5
	case graphemeExtend, graphemeConjunctExtend, graphemeLinker, graphemeZWJ, graphemeSpacingMark:
		return true // GB9, GB9a
	}
	return c.last == graphemePrepend || // GB9b
		next == graphemeConsonant && c.conjunct == joined || // GB9c
		next == graphemePictographic && c.emoji == joined || // GB11
		next == graphemeRegionalIndicator && c.last == next && !c.paired || // GB12, GB13
		syllable(c.last, next)
}

// syllable says whether two characters are of one Hangul syllable: GB6, GB7 and GB8.
func syllable(last, next uint8) bool {
	switch last {
	case graphemeL:
		return next == graphemeL || next == graphemeV || next == graphemeLV || next == graphemeLVT
	case graphemeLV, graphemeV:
		return next == graphemeV || next == graphemeT
	case graphemeLVT, graphemeT:
		return next == graphemeT
	}
	return false
}

// take adds a character of a class.
func (c *Cluster) take(class uint8) {
	c.paired = class == graphemeRegionalIndicator && c.last == class && !c.paired
	switch class {
	case graphemeConsonant:
		c.conjunct, c.emoji = begun, none
	case graphemePictographic:
		c.conjunct, c.emoji = none, begun
	case graphemeLinker:
		if c.conjunct == begun {
			c.conjunct = joined
		}
		c.extendEmoji()
	case graphemeConjunctExtend:
		c.extendEmoji()
	case graphemeExtend:
		c.conjunct = none
		c.extendEmoji()
	case graphemeZWJ:
		if c.emoji == begun {
			c.emoji = joined
		} else {
			c.emoji = none
		}
	default:
		c.conjunct, c.emoji = none, none
	}
	c.last = class
}

// extendEmoji goes on with a row of joined emoji, in which nothing may follow the joiner
// but the next of them.
func (c *Cluster) extendEmoji() {
	if c.emoji == joined {
		c.emoji = none
	}
}
