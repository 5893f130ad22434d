package pretokenizer

import (
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// metaspace returns the stage that marks spaces and cuts before the marks.
func (p *Spec) metaspace() (Stage, error) {
	scheme, err := p.scheme()
	if err != nil {
		return Stage{}, err
	}
	mark, err := Replacement(p.Replacement)
	if err != nil {
		return Stage{}, err
	}
	// Whether a text gets a mark before it. One that begins with a space has it already.
	marks := func(s string, first bool) bool {
		return (scheme == "always" || scheme == "first" && first) && !strings.HasPrefix(s, mark)
	}
	st := Stage{Prepare: func(may *budget.Budget, s string, first bool) string {
		if s = pattern.ReplaceLiteral(may, s, " ", mark); marks(s, first) {
			return mark + s
		}
		return s
	}, Trace: func(a *normalized.String) {
		// A part that begins elsewhere in the original is not the first, even where
		// all before it is an added token: the reference asks for the place too.
		if a.Replace(pattern.Literal{Text: " "}, mark); marks(a.Text, a.Shift == 0) {
			a.Prepend(mark)
		}
	}, Placed: scheme == "first"}
	if jsontext.IsSet(p.Split) {
		st.Matcher, st.Behavior = pattern.Literal{Text: mark}, mergedWithNext
	}
	return st, nil
}

// scheme says which texts get a mark before them: "always", "first" or "never". What
// a file says about it has changed over time: prepend_scheme goes before
// add_prefix_space, which it has taken the place of.
func (p *Spec) scheme() (string, error) {
	switch scheme := p.PrependScheme; {
	case scheme == "always" || scheme == "first" || scheme == "never":
		return scheme, nil
	case scheme != "":
		return "", &fault.Unsupported{Component: "option", Name: "Metaspace.prepend_scheme=" + scheme}
	case jsontext.IsSet(p.AddPrefixSpace):
		return "always", nil
	}
	return "never", nil
}

// Replacement returns the mark of a Metaspace, which is one character: the reference
// reads it as a char.
func Replacement(mark string) (string, error) {
	if mark == "" {
		return vocab.MetaMark, nil
	}
	if utf8.RuneCountInString(mark) != 1 {
		return "", &fault.Unsupported{Component: "option", Name: "Metaspace.replacement=" + mark}
	}
	return mark, nil
}
