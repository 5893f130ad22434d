package tokenizer

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// normalize rewrites a text before it is cut: alone, or with the places in the
// original that its parts come from. Both give the same text.
type normalize struct {
	text  func(s string) (string, error)
	trace func(a *aligned) error
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

// plain makes a step of functions that cannot fail.
func plain(f func(string) string, trace func(a *aligned)) normalize {
	return normalize{
		text:  func(s string) (string, error) { return f(s), nil },
		trace: func(a *aligned) error { trace(a); return nil },
		drops: true,
	}
}

// forms are the normalization forms by name.
var forms = map[string]uni.Form{"NFC": uni.NFC, "NFD": uni.NFD, "NFKC": uni.NFKC, "NFKD": uni.NFKD}

// steps flattens a normalizer.
func (n *normalizer) steps(dst []normalize) ([]normalize, error) {
	if f, ok := forms[n.Type]; ok {
		return append(dst, plain(
			func(s string) string { return uni.Normalize(f, s) },
			func(a *aligned) { a.form(f) },
		)), nil
	}
	switch n.Type {
	case "Sequence":
		var err error
		for i := range n.Normalizers {
			if dst, err = n.Normalizers[i].steps(dst); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case "Lowercase":
		return append(dst, plain(lower, (*aligned).lower)), nil
	case "Prepend":
		if n.Prepend == "" {
			return append(dst, normalize{
				text:  func(string) (string, error) { return "", errPlaceless },
				trace: func(a *aligned) error { a.prepend(""); return nil },
				drops: true,
			}), nil
		}
		return append(dst, plain(
			func(s string) string { return n.Prepend + s },
			func(a *aligned) { a.prepend(n.Prepend) },
		)), nil
	case "Strip":
		return append(dst, plain(n.strip, n.traceStrip)), nil
	case "StripAccents":
		return append(dst, plain(uni.RemoveMarks, func(a *aligned) {
			a.filter(func(r rune) bool { return !uni.IsMark(r) })
		})), nil
	case "Replace":
		m, err := readPattern(n.Pattern)
		if err != nil {
			return nil, err
		}
		return append(dst, normalize{
			text:  func(s string) (string, error) { return replaceText(m, s, n.Content) },
			trace: func(a *aligned) error { return a.replace(nil, m, n.Content) },
			drops: true,
		}), nil
	case "Precompiled":
		p, err := readCharsMap(n.CharsMap)
		if err != nil {
			return nil, err
		}
		return append(dst, normalize{text: p.normalize, trace: p.trace, drops: true}), nil
	case "BertNormalizer", "Bert":
		return append(dst, plain(n.bert, n.traceBert)), nil
	case "Nmt":
		return append(dst, plain(
			func(s string) string { return strings.Map(nmt, s) },
			func(a *aligned) { a.translate(nmt) },
		)), nil
	case "ByteLevel":
		return append(dst, plain(
			func(s string) string { return string(appendByteLevel(nil, s)) },
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

func (n *normalizer) strip(s string) string {
	if n.StripLeft {
		s = strings.TrimLeftFunc(s, isSpace)
	}
	if n.StripRight {
		s = strings.TrimRightFunc(s, isSpace)
	}
	return s
}

// lower maps each character on its own, as the reference does; the one
// character whose lower case is two is U+0130.
func lower(s string) string {
	s = strings.ReplaceAll(s, "\u0130", "i\u0307")
	return strings.Map(lowerRune, s)
}

// lowerRune is the lower case of one character.
func lowerRune(r rune) rune { return uni.ToLower(r) }

// replaceAll replaces the matches of m.
func replaceAll(m matcher, s, with string) (string, error) {
	if s == "" {
		return "", nil // nothing is found in no text, not even nothing
	}
	if l, ok := m.(literalMatcher); ok {
		if l.text == "" {
			return s, nil
		}
		if strings.Count(s, l.text) > maxText/max(len(with), 1) {
			return "", errTooLong
		}
		return strings.ReplaceAll(s, l.text, with), nil
	}
	matches, err := m.find(nil, nil, s)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, r := range matches {
		if b.Len() > maxText {
			return "", errTooLong
		}
		if r.hit {
			b.WriteString(with)
		} else {
			b.WriteString(s[r.start:r.end])
		}
	}
	return b.String(), nil
}

// errPlaceless says that a step put something before the text that has no place
// in the original. What later steps do with it depends on that, so they have to
// trace the places.
var errPlaceless = errors.New("tokenizer: part of a text has no place in the original")

// replaceText is replaceAll for a normalizer.
func replaceText(m matcher, s, with string) (string, error) {
	if _, ok := m.(regexMatcher); ok && with != "" && s != "" {
		matches, err := m.find(nil, nil, s)
		if err == nil && len(matches) > 0 && matches[0].hit && matches[0].end == 0 {
			err = errPlaceless
		}
		if err != nil {
			return "", err
		}
	}
	return replaceAll(m, s, with)
}

// normalized returns what the steps make of a text that stands alone.
func normalized(steps []normalize, s string) (string, error) {
	text, err := apply(steps, s)
	if !errors.Is(err, errPlaceless) {
		return text, err
	}
	a := newAligned(s)
	for _, step := range steps {
		if a.text == "" {
			break
		}
		if err := step.trace(a); err != nil {
			return "", err
		}
		if len(a.text) > maxText {
			return "", errTooLong
		}
	}
	return a.text, nil
}

// apply runs the steps on a text; an empty text stays empty.
func apply(steps []normalize, s string) (string, error) {
	var err error
	for _, f := range steps {
		if s == "" {
			break
		}
		if s, err = f.text(s); err != nil {
			return "", err
		}
		if len(s) > maxText {
			return "", errTooLong
		}
	}
	return s, nil
}
