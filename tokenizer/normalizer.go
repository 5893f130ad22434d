package tokenizer

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// normalize rewrites a text before it is cut: alone, or with the places in the
// original that its parts come from. Both give the same text, and fail by what
// they leave in the state.
type normalize struct {
	text  func(may *budget, s string) string
	trace func(a *aligned)
	// drops says that the beginning of a text can vanish.
	drops bool
}

// normalizer is the JSON of a normalizer, the fields of all types together.
type normalizer struct {
	Type        string          `json:"type"`
	Normalizers []normalizer    `json:"normalizers"`
	Prepend     string          `json:"prepend"`
	Pattern     json.RawMessage `json:"pattern"`
	Content     string          `json:"content"`
	StripLeft   bool            `json:"strip_left"`
	StripRight  bool            `json:"strip_right"`

	CharsMap     string `json:"precompiled_charsmap"`
	CleanText    *bool  `json:"clean_text"`
	Chinese      *bool  `json:"handle_chinese_chars"`
	StripAccents *bool  `json:"strip_accents"`
	Lowercase    *bool  `json:"lowercase"`
}

// dropping makes a step by which the beginning of a text can vanish.
func dropping(text func(may *budget, s string) string, trace func(a *aligned)) normalize {
	return normalize{text: text, trace: trace, drops: true}
}

// forms are the normalization forms by name.
var forms = map[string]uni.Form{"NFC": uni.NFC, "NFD": uni.NFD, "NFKC": uni.NFKC, "NFKD": uni.NFKD}

// steps flattens a normalizer.
func (n *normalizer) steps(dst []normalize, c *compiler) ([]normalize, error) {
	if f, ok := forms[n.Type]; ok {
		return append(dst, dropping(
			func(may *budget, s string) string { return form(may, f, s) },
			func(a *aligned) { a.form(f) },
		)), nil
	}
	switch n.Type {
	case "Sequence":
		var err error
		for i := range n.Normalizers {
			if dst, err = n.Normalizers[i].steps(dst, c); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case "Lowercase":
		return append(dst, dropping(lower, (*aligned).lower)), nil
	case "Prepend":
		if n.Prepend == "" {
			return append(dst, dropping(
				func(may *budget, _ string) string { may.fail(errPlaceless); return "" },
				func(a *aligned) { a.prepend("") },
			)), nil
		}
		return append(dst, dropping(
			func(may *budget, s string) string { return join(may, n.Prepend, s) },
			func(a *aligned) { a.prepend(n.Prepend) },
		)), nil
	case "Strip":
		return append(dst, dropping(n.strip, n.traceStrip)), nil
	case "StripAccents":
		return append(dst, dropping(
			func(may *budget, s string) string { return may.chunks(s, uni.RemoveMarks) },
			func(a *aligned) { a.filter(func(r rune) bool { return !uni.IsMark(r) }) },
		)), nil
	case "Replace":
		m, err := c.pattern(n.Pattern)
		if err != nil {
			return nil, err
		}
		return append(dst, dropping(
			func(may *budget, s string) string { return replaceText(may, m, s, n.Content) },
			func(a *aligned) { a.replace(m, n.Content) },
		)), nil
	case "Precompiled":
		p, err := readCharsMap(n.CharsMap)
		if err != nil {
			return nil, err
		}
		return append(dst, dropping(p.normalize, p.trace)), nil
	case "BertNormalizer", "Bert":
		return append(dst, dropping(n.bert, n.traceBert)), nil
	case "Nmt":
		return append(dst, dropping(
			func(may *budget, s string) string {
				return may.chunks(s, func(part string) string { return strings.Map(nmt, part) })
			},
			func(a *aligned) { a.translate(nmt) },
		)), nil
	case "ByteLevel":
		return append(dst, dropping(
			func(may *budget, s string) string { return byteLevel(may, s) },
			(*aligned).alphabet,
		)), nil
	}
	return nil, &UnsupportedError{Component: "normalizer", Name: n.Type}
}

// nmt is the normalizer of machine translation: it removes control characters
// and turns what separates words into spaces.
func nmt(r rune) rune {
	switch {
	case r >= 1 && r <= 8, r == 0xb, r >= 0xe && r <= 0x1f, r == 0x7f, r == 0x8f, r == 0x9f:
		return -1
	case r == '\t', r == '\n', r == '\f', r == '\r', r == 0x1680, r >= 0x200b && r <= 0x200f,
		r == 0x2028, r == 0x2029, r == 0x2581, r == 0xfeff, r == utf8.RuneError:
		return ' '
	}
	return r
}

func (n *normalizer) strip(may *budget, s string) string {
	may.spend(len(s))
	if n.StripLeft {
		s = strings.TrimLeftFunc(s, uni.IsSpace)
	}
	if n.StripRight {
		s = strings.TrimRightFunc(s, uni.IsSpace)
	}
	return s
}

// lower maps each character on its own, as the reference does; the one
// character whose lower case is two is U+0130.
func lower(may *budget, s string) string {
	return may.chunks(s, func(part string) string {
		return strings.Map(lowerRune, strings.ReplaceAll(part, "\u0130", "i\u0307"))
	})
}

// lowerRune is the lower case of one character.
func lowerRune(r rune) rune { return uni.ToLower(r) }

// form brings a text into a normalization form.
func form(may *budget, f uni.Form, s string) string { return uni.Normalize(f, s, may.guard()) }

// guard hands the budget to package uni, where a step is some look-ups in a map.
func (may *budget) guard() func(n, size int) bool {
	return func(n, size int) bool { return may.spend(4*n) && may.fits(size) }
}

// join returns a text with another one before it.
func join(may *budget, before, s string) string {
	if !may.spend((len(before)+len(s))/16) || !may.fits(len(before)+len(s)) {
		return ""
	}
	return before + s
}

// byteLevel returns a text in the byte-level alphabet.
func byteLevel(may *budget, s string) string {
	if !may.fits(len(s)) {
		return ""
	}
	return may.chunks(s, func(part string) string { return string(appendByteLevel(make([]byte, 0, 2*len(part)), part)) })
}

// replaceAll replaces the matches of m.
func replaceAll(may *budget, m matcher, s, with string) string {
	if s == "" {
		return "" // nothing is found in no text, not even nothing
	}
	if l, ok := m.(literalMatcher); ok {
		if l.text == "" {
			return s
		}
		return replaceLiteral(may, s, l.text, with)
	}
	matches, err := m.find(may, nil, s)
	if err != nil {
		may.fail(err)
		return ""
	}
	size := 0
	for _, r := range matches {
		if r.hit {
			size += len(with)
		} else {
			size += int(r.end - r.start)
		}
		if !may.spend(1) || !may.fits(size) {
			return ""
		}
	}
	var b strings.Builder
	b.Grow(size)
	for _, r := range matches {
		if !may.spend(1) {
			return ""
		}
		if r.hit {
			b.WriteString(with)
		} else {
			b.WriteString(s[r.start:r.end])
		}
	}
	return b.String()
}

// replaceLiteral replaces a text that is not empty by another one.
func replaceLiteral(may *budget, s, old, with string) string {
	// The result is measured before it is made, and searching is cheap.
	n := strings.Count(s, old)
	size := len(s) + n*(len(with)-len(old))
	if n == 0 || !may.spend(len(s)/16+n+size/16) || !may.fits(size) {
		return s
	}
	if n < lookAfter {
		return strings.ReplaceAll(s, old, with)
	}
	out := make([]byte, 0, size)
	last := 0
	for range n {
		at := following(s, old, last)
		if out = append(append(out, s[last:at]...), with...); !may.spend(1) {
			return s
		}
		last = at + len(old)
	}
	return string(append(out, s[last:]...))
}

// following returns where a text is found next, from a place on; -1 if it is not.
func following(s, text string, from int) int {
	if i := strings.Index(s[from:], text); i >= 0 {
		return from + i
	}
	return -1
}

// errPlaceless says that a step put something before the text that has no place
// in the original. What later steps do with it depends on that, so they have to
// trace the places.
var errPlaceless = errors.New("tokenizer: part of a text has no place in the original")

// replaceText is replaceAll for a normalizer.
func replaceText(may *budget, m matcher, s, with string) string {
	if _, ok := m.(regexMatcher); ok && with != "" && s != "" {
		matches, err := m.find(may, nil, s)
		if err == nil && len(matches) > 0 && matches[0].hit && matches[0].end == 0 {
			err = errPlaceless
		}
		if err != nil {
			may.fail(err)
			return ""
		}
	}
	return replaceAll(may, m, s, with)
}

// normalized returns what the steps make of a text that stands alone.
func normalized(may *budget, steps []normalize, s string) (string, error) {
	before := *may
	text := apply(may, steps, s)
	if !errors.Is(may.err, errPlaceless) {
		return text, may.err
	}
	*may = before
	a := newAligned(may, s)
	traceSteps(a, steps)
	return a.text, may.err
}

// apply runs the steps on a text; an empty text stays empty. It returns nothing
// once the budget is at its end.
func apply(may *budget, steps []normalize, s string) string {
	for i := range steps {
		if s == "" {
			break
		}
		// Each step has a cost of its own, so that thousands are noticed.
		if s = steps[i].text(may, s); !may.spend(8) || !may.fits(len(s)) {
			return ""
		}
	}
	return s
}
