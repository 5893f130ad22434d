package tokenizer

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// normalize rewrites a text before it is cut.
type normalize func(s string) (string, error)

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

// plain makes a step of a function that cannot fail.
func plain(f func(string) string) normalize {
	return func(s string) (string, error) { return f(s), nil }
}

// steps flattens a normalizer.
func (n *normalizer) steps(dst []normalize) ([]normalize, error) {
	form := func(f uni.Form) ([]normalize, error) {
		return append(dst, plain(func(s string) string { return uni.Normalize(f, s) })), nil
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
	case "NFC":
		return form(uni.NFC)
	case "NFD":
		return form(uni.NFD)
	case "NFKC":
		return form(uni.NFKC)
	case "NFKD":
		return form(uni.NFKD)
	case "Lowercase":
		return append(dst, plain(lower)), nil
	case "Prepend":
		return append(dst, plain(func(s string) string { return n.Prepend + s })), nil
	case "Strip":
		return append(dst, plain(n.strip)), nil
	case "StripAccents":
		return append(dst, plain(uni.RemoveMarks)), nil
	case "Replace":
		m, err := readPattern(n.Pattern)
		if err != nil {
			return nil, err
		}
		return append(dst, func(s string) (string, error) { return replaceAll(m, s, n.Content) }), nil
	case "Precompiled":
		p, err := readCharsMap(n.CharsMap)
		if err != nil {
			return nil, err
		}
		return append(dst, p.normalize), nil
	case "BertNormalizer":
		return append(dst, plain(n.bert)), nil
	case "ByteLevel":
		return append(dst, plain(func(s string) string { return string(appendByteLevel(nil, s)) })), nil
	}
	return nil, &UnsupportedError{Component: "normalizer", Name: n.Type}
}

func (n *normalizer) strip(s string) string {
	if n.StripLeft {
		s = strings.TrimLeftFunc(s, unicode.IsSpace)
	}
	if n.StripRight {
		s = strings.TrimRightFunc(s, unicode.IsSpace)
	}
	return s
}

// lower maps each character on its own, as the reference does; the one
// character whose lower case is two is U+0130.
func lower(s string) string {
	s = strings.ReplaceAll(s, "\u0130", "i\u0307")
	return strings.Map(unicode.ToLower, s)
}

// replaceAll replaces the matches of m.
func replaceAll(m matcher, s, with string) (string, error) {
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

// apply runs the steps on a text; an empty text stays empty.
func apply(steps []normalize, s string) (string, error) {
	var err error
	for _, f := range steps {
		if s == "" {
			break
		}
		if s, err = f(s); err != nil {
			return "", err
		}
		if len(s) > maxText {
			return "", errTooLong
		}
	}
	return s, nil
}
