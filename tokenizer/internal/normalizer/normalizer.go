package normalizer

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// Fields are the fields that each normalizer may have, by its type; ! marks those
// that are always there.
var Fields = map[string]string{
	"Sequence": "normalizers!", "Prepend": "prepend!", "Replace": "pattern! content!", "Strip": "strip_left! strip_right!",
	"Precompiled": "precompiled_charsmap!", "Lowercase": "", "NFC": "", "NFD": "", "NFKC": "", "NFKD": "", "StripAccents": "",
	"Nmt": "", "ByteLevel": "", "BertNormalizer": "clean_text! handle_chinese_chars! strip_accents lowercase!",
	"Bert": "clean_text! handle_chinese_chars! strip_accents lowercase!",
}

// Step rewrites a text before it is cut: alone, or with the places in the
// original that its parts come from. Both give the same text, and fail by what
// they leave in the state.
type Step struct {
	text  func(may *budget.Budget, s string) string
	trace func(a *normalized.String)
	// Drops says that the beginning of a text can vanish. A pre-tokenizer that asks
	// whether a part begins the text then has to ask the places, not the text.
	Drops bool
}

// Spec is the JSON of a normalizer, the fields of all types together.
type Spec struct {
	Type        string          `json:"type"`
	Normalizers []Spec          `json:"normalizers"`
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

// dropping makes a step by which the beginning of a text can vanish, which is any: a
// text can begin with what a step removes, or be all of it.
func dropping(text func(may *budget.Budget, s string) string, trace func(a *normalized.String)) Step {
	return Step{text: text, trace: trace, Drops: true}
}

// The steps that several normalizers have, each written once for both ways: what
// differs is who walks over the text.

// mapped maps each character; it goes where f returns -1.
func mapped(f func(rune) rune) Step {
	return dropping(
		func(may *budget.Budget, s string) string {
			return may.Chunks(s, func(part string) string { return strings.Map(f, part) })
		},
		func(a *normalized.String) { a.Translate(f) },
	)
}

// without removes the characters that f reports true for.
func without(f func(rune) bool) Step {
	drop := func(r rune) rune {
		if f(r) {
			return -1
		}
		return r
	}
	return dropping(
		func(may *budget.Budget, s string) string {
			return may.Chunks(s, func(part string) string { return strings.Map(drop, part) })
		},
		func(a *normalized.String) { a.Filter(func(r rune) bool { return !f(r) }) },
	)
}

// formed brings a text into a normalization form.
func formed(f uni.Form) Step {
	return dropping(
		func(may *budget.Budget, s string) string { return form(may, f, s) },
		func(a *normalized.String) { a.Form(f) },
	)
}

// The steps without options. uni.RemoveMarks does not touch a text of ASCII, which
// [without] would read through.
var (
	lowered  = dropping(lower, (*normalized.String).Lower)
	unmarked = dropping(
		func(may *budget.Budget, s string) string { return may.Chunks(s, uni.RemoveMarks) },
		func(a *normalized.String) { a.Filter(func(r rune) bool { return !uni.IsMark(r) }) },
	)
	spelled = dropping(bytelevel.Rewrite, (*normalized.String).Alphabet)
)

// prepended puts a text before. Where that is empty, the reference still takes the
// place of the first character away, which a text alone has no way to say.
func prepended(before string) Step {
	if before == "" {
		return dropping(
			func(may *budget.Budget, _ string) string { may.Fail(pattern.ErrPlaceless); return "" },
			func(a *normalized.String) { a.Prepend("") },
		)
	}
	return dropping(
		func(may *budget.Budget, s string) string { return join(may, before, s) },
		func(a *normalized.String) { a.Prepend(before) },
	)
}

// replace returns the step that puts a text in the place of each match of a pattern.
func (n *Spec) replace(c *pattern.Compiler) (Step, error) {
	m, err := c.Pattern(n.Pattern)
	if err != nil {
		return Step{}, err
	}
	return dropping(
		func(may *budget.Budget, s string) string { return pattern.ReplaceText(may, m, s, n.Content) },
		func(a *normalized.String) { a.Replace(m, n.Content) },
	), nil
}

// forms are the normalization forms by name.
var forms = map[string]uni.Form{"NFC": uni.NFC, "NFD": uni.NFD, "NFKC": uni.NFKC, "NFKD": uni.NFKD}

// Steps appends the steps of a normalizer: those of each part of a Sequence, and
// several for that of BERT.
func (n *Spec) Steps(dst []Step, c *pattern.Compiler) ([]Step, error) {
	switch n.Type {
	case "Sequence":
		var err error
		for i := range n.Normalizers {
			if dst, err = n.Normalizers[i].Steps(dst, c); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case "BertNormalizer", "Bert":
		return n.bert(dst), nil
	}
	st, err := n.step(c)
	if err != nil {
		return nil, err
	}
	return append(dst, st), nil
}

// step returns the step of a normalizer that is one.
func (n *Spec) step(c *pattern.Compiler) (Step, error) {
	if f, ok := forms[n.Type]; ok {
		return formed(f), nil
	}
	switch n.Type {
	case "Lowercase":
		return lowered, nil
	case "Prepend":
		return prepended(n.Prepend), nil
	case "Strip":
		return dropping(n.strip, n.traceStrip), nil
	case "StripAccents":
		return unmarked, nil
	case "Replace":
		return n.replace(c)
	case "Precompiled":
		p, err := readCharsMap(n.CharsMap)
		if err != nil {
			return Step{}, err
		}
		return dropping(p.normalize, p.trace), nil
	case "Nmt":
		return mapped(nmt), nil
	case "ByteLevel":
		return spelled, nil
	}
	return Step{}, &fault.Unsupported{Component: "normalizer", Name: n.Type}
}

// nmt is the normalizer of machine translation: it removes control characters
// and turns what separates words into spaces. The list is SentencePiece's rule nmt_nfkc
// without NFKC, as the reference has copied it; it leaves out the spaces that NFKC would
// have made one.
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

// lower maps each character on its own, as the reference does; the one
// character whose lower case is two is U+0130. A chunk never ends between the two,
// since both come from one.
func lower(may *budget.Budget, s string) string {
	return may.Chunks(s, func(part string) string {
		return strings.Map(normalized.LowerRune, strings.ReplaceAll(part, "\u0130", "i\u0307"))
	})
}

// form brings a text into a normalization form.
func form(may *budget.Budget, f uni.Form, s string) string { return uni.Normalize(f, s, may.Guard()) }

// join returns a text with another one before it.
func join(may *budget.Budget, before, s string) string {
	if !may.Spend((len(before)+len(s))/16) || !may.Fits(len(before)+len(s)) {
		return ""
	}
	return before + s
}

// Alone returns what the steps make of a text that stands alone. Where a step can say
// what it does only with places, all of them are run once more that way, with the budget
// as it was.
func Alone(may *budget.Budget, steps []Step, s string) (string, error) {
	before := *may
	text := Apply(may, steps, s)
	if !errors.Is(may.Err, pattern.ErrPlaceless) {
		return text, may.Err
	}
	*may = before
	a := normalized.New(may, s)
	Trace(a, steps)
	return a.Text, may.Err
}

// Apply runs the steps on a text; an empty text stays empty, also where the next step
// would put something before it, as in the reference. It returns nothing once the budget
// is at its end.
func Apply(may *budget.Budget, steps []Step, s string) string {
	for i := range steps {
		if s == "" {
			break
		}
		// Each step has a cost of its own, so that thousands are noticed.
		if s = steps[i].text(may, s); !may.Spend(8) || !may.Fits(len(s)) {
			return ""
		}
	}
	return s
}

// Trace runs the steps of a normalizer; an empty text stays empty.
func Trace(a *normalized.String, steps []Step) {
	for i := range steps {
		if a.Text == "" {
			break
		}
		if steps[i].trace(a); !a.May.Spend(8) || !a.May.Fits(len(a.Text)) {
			break
		}
	}
}
