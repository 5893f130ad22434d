package pretokenizer

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
	"github.com/gocoreml/coreml/tokenizer/internal/uni"
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

// Stage is one step of a pre-tokenizer. Each part is optional: Prepare
// rewrites the whole text, Matcher and Behavior cut it, Alphabet turns the
// pieces into the byte-level alphabet.
type Stage struct {
	Prepare  func(may *budget.Budget, s string, first bool) string
	Trace    func(a *normalized.String) // Prepare with the places of the original
	Matcher  pattern.Matcher
	Behavior behavior
	Alphabet bool
	Placed   bool // depends on whether a part begins the original text
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

// Stages appends the stages of a pre-tokenizer: one for each of a Sequence, of any
// depth, and two for that of BERT.
func (p *Spec) Stages(dst []Stage, c *pattern.Compiler) ([]Stage, error) {
	switch p.Type {
	case "Sequence":
		var err error
		for i := range p.PreTokenizers {
			if dst, err = p.PreTokenizers[i].Stages(dst, c); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case "BertPreTokenizer":
		return append(dst, matching(isSpace, removed), matching(uni.IsPunctuation, isolated)), nil
	}
	st, err := p.stage(c)
	if err != nil {
		return nil, err
	}
	return append(dst, st), nil
}

// stage returns the stage of a pre-tokenizer that is one.
func (p *Spec) stage(c *pattern.Compiler) (Stage, error) {
	switch p.Type {
	case "ByteLevel":
		return p.byteLevel(), nil
	case "Metaspace":
		return p.metaspace()
	case "Split":
		return p.split(c)
	case "Digits":
		return p.digits(), nil
	case "Punctuation":
		return p.punctuation()
	case "WhitespaceSplit":
		return matching(isSpace, removed), nil
	case "Whitespace":
		// The reference removes what the pattern does not match; the pattern leaves
		// nothing unmatched but white space.
		return Stage{Matcher: pattern.Invert{Matcher: pattern.NewScanner(pattern.ScanWords)}, Behavior: removed}, nil
	case "CharDelimiterSplit":
		return Stage{Matcher: pattern.Literal{Text: p.Delimiter}, Behavior: removed}, nil
	case "UnicodeScripts":
		return Stage{Matcher: pattern.Scripts{}, Behavior: removed}, nil
	case "FixedLength":
		return p.fixedLength()
	}
	return Stage{}, &fault.Unsupported{Component: "pre-tokenizer", Name: p.Type}
}

// matching returns the stage that cuts at the characters that in accepts.
func matching(in func(class uint8, r rune) bool, b behavior) Stage {
	return Stage{Matcher: pattern.NewChars(in), Behavior: b}
}

// isSpace accepts white space.
func isSpace(class uint8, _ rune) bool { return class&uni.Space != 0 }

// isNumber accepts every number of Unicode, ½ and Ⅳ too: what the reference asks is
// Rust's char::is_numeric, not whether a character is a digit.
func isNumber(class uint8, _ rune) bool { return class&uni.Number != 0 }

// byteLevel returns the stage of GPT-2 and its followers. Both options are on in
// files that were written before there were options.
func (p *Spec) byteLevel() Stage {
	st := Stage{Alphabet: true}
	if jsontext.IsSet(p.AddPrefixSpace) {
		st.Prepare = prefixSpace
		st.Trace = tracePrefixSpace
	}
	if jsontext.IsSet(p.UseRegex) {
		st.Matcher = pattern.NewScanner(pattern.ScanGPT2)
	}
	return st
}

// prefixSpace puts a space before a text that does not begin with one, so that its
// first word is the same token as in the middle of a text.
func prefixSpace(_ *budget.Budget, s string, _ bool) string {
	if strings.HasPrefix(s, " ") {
		return s
	}
	return " " + s
}

// tracePrefixSpace is prefixSpace with the places of the original.
func tracePrefixSpace(a *normalized.String) {
	if !strings.HasPrefix(a.Text, " ") {
		a.Prepend(" ")
	}
}

// split returns the stage that cuts by a pattern.
func (p *Spec) split(c *pattern.Compiler) (Stage, error) {
	m, err := c.Pattern(p.Pattern)
	if err != nil {
		return Stage{}, err
	}
	b, ok := behaviors[p.Behavior]
	if !ok {
		return Stage{}, &fault.Unsupported{Component: "option", Name: "Split.behavior=" + p.Behavior}
	}
	if p.Invert {
		m = pattern.Invert{Matcher: m}
	}
	return Stage{Matcher: m, Behavior: b}, nil
}

// digits returns the stage that cuts numbers off, whole or digit by digit.
func (p *Spec) digits() Stage {
	if p.IndividualDigits {
		return matching(isNumber, isolated)
	}
	return matching(isNumber, contiguous)
}

// punctuation returns the stage that cuts at punctuation; files from before it had a
// behavior name none, which is isolated.
func (p *Spec) punctuation() (Stage, error) {
	b, ok := behaviors[p.Behavior]
	if !ok && p.Behavior != "" {
		return Stage{}, &fault.Unsupported{Component: "option", Name: "Punctuation.behavior=" + p.Behavior}
	}
	return matching(uni.IsPunctuation, b), nil
}

// fixedLength returns the stage that cuts every so many characters, 5 where the file
// does not say: the reference's default.
func (p *Spec) fixedLength() (Stage, error) {
	length := 5
	if p.Length != nil {
		length = *p.Length
	}
	if length < 1 {
		return Stage{}, fmt.Errorf("FixedLength has a length of %d", length)
	}
	return Stage{Matcher: pattern.Length{Size: length}}, nil
}
