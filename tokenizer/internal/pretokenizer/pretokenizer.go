package pretokenizer

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// Fields are the fields that each pre-tokenizer may have, by its type; ! marks those
// that are always there.
var Fields = map[string]string{
	"Sequence": "pretokenizers!", "ByteLevel": "add_prefix_space! trim_offsets! use_regex",
	"Metaspace": "replacement! str_rep prepend_scheme add_prefix_space split", "Split": "pattern! behavior! invert!",
	"Digits": "individual_digits!", "Punctuation": "behavior", "CharDelimiterSplit": "delimiter!", "FixedLength": "length",
	"WhitespaceSplit": "", "Whitespace": "", "BertPreTokenizer": "", "UnicodeScripts": "",
}

// Range is a range of a text that goes to the next stage.
type Range struct{ Start, End int32 }

// Stage is one step of a pre-tokenizer. Each part is optional: prepare
// rewrites the whole text, matcher and behavior cut it, alphabet turns the
// pieces into the byte-level alphabet.
type Stage struct {
	Prepare  func(may *budget.Budget, s string, first bool) string
	Trace    func(a *normalized.String) // prepare with the places of the original
	Matcher  pattern.Matcher
	Behavior behavior
	Alphabet bool
	Placed   bool // depends on whether a part begins the original text
}

// behavior says what becomes of the matches of a pattern.
type behavior int

// The behaviors, for "a-b" cut at the dash: a, -, b; a, b; a-, b; a, -b; and for
// contiguous as isolated, but neighbouring matches stay together.
const (
	isolated behavior = iota
	removed
	mergedWithPrevious
	mergedWithNext
	contiguous
)

// behaviors are those by the names that the file has.
var behaviors = map[string]behavior{
	"Isolated": isolated, "Removed": removed, "MergedWithPrevious": mergedWithPrevious,
	"MergedWithNext": mergedWithNext, "Contiguous": contiguous,
}

// Spec is the JSON of a pre-tokenizer, the fields of all types
// together.
type Spec struct {
	Type             string          `json:"type"`
	PreTokenizers    []Spec          `json:"pretokenizers"`
	AddPrefixSpace   *bool           `json:"add_prefix_space"`
	UseRegex         *bool           `json:"use_regex"`
	Replacement      string          `json:"replacement"`
	PrependScheme    string          `json:"prepend_scheme"`
	Split            *bool           `json:"split"`
	Pattern          json.RawMessage `json:"pattern"`
	Behavior         string          `json:"behavior"`
	Invert           bool            `json:"invert"`
	IndividualDigits bool            `json:"individual_digits"`
	Delimiter        string          `json:"delimiter"`
	Length           *int            `json:"length"`
}

// Stages flattens a pre-tokenizer.
func (p *Spec) Stages(dst []Stage, c *pattern.Compiler) ([]Stage, error) {
	single := func(b behavior, in func(c uint8, r rune) bool) ([]Stage, error) {
		return append(dst, Stage{Matcher: pattern.NewChars(in), Behavior: b}), nil
	}
	switch p.Type {
	case "Sequence":
		var err error
		for i := range p.PreTokenizers {
			if dst, err = p.PreTokenizers[i].Stages(dst, c); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case "ByteLevel":
		st := Stage{Alphabet: true}
		if jsontext.IsSet(p.AddPrefixSpace) {
			st.Prepare = prefixSpace
			st.Trace = func(a *normalized.String) {
				if !strings.HasPrefix(a.Text, " ") {
					a.Prepend(" ")
				}
			}
		}
		if jsontext.IsSet(p.UseRegex) {
			st.Matcher = pattern.NewScanner(pattern.ScanGPT2)
		}
		return append(dst, st), nil
	case "Metaspace":
		return p.metaspace(dst)
	case "Split":
		return p.splitStage(dst, c)
	case "Digits":
		b := contiguous
		if p.IndividualDigits {
			b = isolated
		}
		return single(b, func(c uint8, _ rune) bool { return c&uni.Number != 0 })
	case "Punctuation":
		b, ok := behaviors[p.Behavior]
		if !ok && p.Behavior != "" {
			return nil, &fault.Unsupported{Component: "option", Name: "Punctuation.behavior=" + p.Behavior}
		}
		return single(b, uni.IsPunctuation)
	case "WhitespaceSplit":
		return single(removed, func(c uint8, _ rune) bool { return c&uni.Space != 0 })
	case "Whitespace":
		return append(dst, Stage{Matcher: pattern.Invert{Matcher: pattern.NewScanner(pattern.ScanWords)}, Behavior: removed}), nil
	case "BertPreTokenizer":
		dst, _ = single(removed, func(c uint8, _ rune) bool { return c&uni.Space != 0 })
		return single(isolated, uni.IsPunctuation)
	case "CharDelimiterSplit":
		return append(dst, Stage{Matcher: pattern.Literal{Text: p.Delimiter}, Behavior: removed}), nil
	case "UnicodeScripts":
		return append(dst, Stage{Matcher: pattern.Scripts{}, Behavior: removed}), nil
	case "FixedLength":
		length := 5
		if p.Length != nil {
			length = *p.Length
		}
		if length < 1 {
			return nil, fmt.Errorf("FixedLength has a length of %d", length)
		}
		return append(dst, Stage{Matcher: pattern.Length{Size: length}}), nil
	}
	return nil, &fault.Unsupported{Component: "pre-tokenizer", Name: p.Type}
}

// metaspace returns the stage that marks spaces and cuts before the marks. What a
// file says about the mark before the text has changed over time: prepend_scheme
// goes before add_prefix_space, which it has taken the place of.
func (p *Spec) metaspace(dst []Stage) ([]Stage, error) {
	scheme := p.PrependScheme
	if scheme == "" {
		scheme = "never"
		if jsontext.IsSet(p.AddPrefixSpace) {
			scheme = "always"
		}
	}
	if scheme != "always" && scheme != "first" && scheme != "never" {
		return nil, &fault.Unsupported{Component: "option", Name: "Metaspace.prepend_scheme=" + scheme}
	}
	mark, err := Replacement(p.Replacement)
	if err != nil {
		return nil, err
	}
	st := Stage{Prepare: func(may *budget.Budget, s string, first bool) string {
		s = pattern.ReplaceLiteral(may, s, " ", mark)
		if (scheme == "always" || scheme == "first" && first) && !strings.HasPrefix(s, mark) {
			s = mark + s
		}
		return s
	}, Trace: func(a *normalized.String) {
		a.Replace(pattern.Literal{Text: " "}, mark)
		if (scheme == "always" || scheme == "first" && a.Shift == 0) && !strings.HasPrefix(a.Text, mark) {
			a.Prepend(mark)
		}
	}, Placed: scheme == "first"}
	if jsontext.IsSet(p.Split) {
		st.Matcher, st.Behavior = pattern.Literal{Text: mark}, mergedWithNext
	}
	return append(dst, st), nil
}

// Replacement returns the mark of a Metaspace.
func Replacement(mark string) (string, error) {
	if mark == "" {
		return vocab.MetaMark, nil
	}
	if utf8.RuneCountInString(mark) != 1 {
		return "", &fault.Unsupported{Component: "option", Name: "Metaspace.replacement=" + mark}
	}
	return mark, nil
}

// splitStage returns the stage that cuts by a pattern.
func (p *Spec) splitStage(dst []Stage, c *pattern.Compiler) ([]Stage, error) {
	m, err := c.Pattern(p.Pattern)
	if err != nil {
		return nil, err
	}
	b, ok := behaviors[p.Behavior]
	if !ok {
		return nil, &fault.Unsupported{Component: "option", Name: "Split.behavior=" + p.Behavior}
	}
	if p.Invert {
		m = pattern.Invert{Matcher: m}
	}
	return append(dst, Stage{Matcher: m, Behavior: b}), nil
}

// prefixSpace puts a space before a text that does not begin with one, so that its
// first word is the same token as in the middle of a text.
func prefixSpace(_ *budget.Budget, s string, _ bool) string {
	if strings.HasPrefix(s, " ") {
		return s
	}
	return " " + s
}

// Cut turns matches into pieces.
func (b behavior) Cut(dst []Range, matches []pattern.Match) []Range {
	switch b {
	case mergedWithNext:
		for i := 0; i < len(matches); i++ {
			m := matches[i]
			if m.Hit && i+1 < len(matches) && !matches[i+1].Hit {
				i++
				m.End = matches[i].End
			}
			dst = append(dst, Range{m.Start, m.End})
		}
		return dst
	case removed:
		for _, m := range matches {
			if !m.Hit {
				dst = append(dst, Range{m.Start, m.End})
			}
		}
		return dst
	}
	previous := false
	for _, m := range matches {
		joins := b == contiguous && m.Hit == previous || b == mergedWithPrevious && m.Hit && !previous
		previous = m.Hit
		if joins && len(dst) > 0 {
			dst[len(dst)-1].End = m.End
			continue
		}
		dst = append(dst, Range{m.Start, m.End})
	}
	return dst
}
