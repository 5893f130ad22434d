package grammar

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"unicode"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
	"github.com/gocoreml/coreml/internal/quote"
)

// maxPattern is the most bytes that a regular expression may have.
const maxPattern = 1 << 16

// Regex returns the grammar of the texts that a regular expression matches as a whole,
// whether or not ^ and $ stand around it. The syntax is that of package regexp. Word
// boundaries (\b, \B) and anchors inside a text are refused by name, as nothing but
// the bytes themselves can be asked of what is still to be written. Lazy repetitions
// are as others: they match the same texts.
func Regex(pattern string) (*Grammar, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("regex: %w", &LimitError{What: "bytes in the pattern", Limit: maxPattern})
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		if e, ok := errors.AsType[*syntax.Error](err); ok {
			return nil, fmt.Errorf("regex: %w", &SyntaxError{Problem: fmt.Sprintf("%s: %s", e.Code, quote.Name(e.Expr, 60))})
		}
		return nil, fmt.Errorf("regex: %w", err)
	}
	r := regex{b: rules.NewBuilder(rules.Limits{})}
	e := r.expr(re, true, true)
	if r.err != nil {
		return nil, fmt.Errorf("regex: %w", r.err)
	}
	return build(r.b, e, "regex")
}

// regex turns a parsed expression into rules.
type regex struct {
	b   *rules.Builder
	err error
}

// refuse keeps the first error.
func (r *regex) refuse(what string) rules.Expr {
	if r.err == nil {
		r.err = &SyntaxError{Problem: what}
	}
	return r.b.Nothing()
}

// expr returns what re matches. First and last say that nothing stands before and
// behind it in the text, so that the anchors of the text hold there.
func (r *regex) expr(re *syntax.Regexp, first, last bool) rules.Expr {
	b := r.b
	switch re.Op {
	case syntax.OpEmptyMatch:
		return b.Empty()
	case syntax.OpNoMatch:
		return b.Nothing()
	case syntax.OpLiteral:
		return r.literal(re)
	case syntax.OpCharClass:
		return b.Class(ranges(re.Rune)...)
	case syntax.OpAnyChar:
		return b.AnyChar()
	case syntax.OpAnyCharNotNL:
		return b.Class(rules.Range{Lo: 0, Hi: '\n' - 1}, rules.Range{Lo: '\n' + 1, Hi: unicode.MaxRune})
	case syntax.OpCapture:
		return r.expr(re.Sub[0], first, last)
	case syntax.OpStar:
		return b.Repeat(r.expr(re.Sub[0], false, false), 0, -1)
	case syntax.OpPlus:
		return b.Repeat(r.expr(re.Sub[0], false, false), 1, -1)
	case syntax.OpQuest:
		return b.Or(r.expr(re.Sub[0], first, last), b.Empty())
	case syntax.OpRepeat:
		return b.Repeat(r.expr(re.Sub[0], false, false), re.Min, re.Max)
	case syntax.OpConcat:
		return r.concat(re.Sub, first, last)
	case syntax.OpAlternate:
		all := make([]rules.Expr, len(re.Sub))
		for k, s := range re.Sub {
			all[k] = r.expr(s, first, last)
		}
		return b.Or(all...)
	}
	return r.anchor(re.Op, first, last)
}

// anchor returns the empty text where an anchor holds in any case.
func (r *regex) anchor(op syntax.Op, first, last bool) rules.Expr {
	switch op {
	case syntax.OpBeginLine, syntax.OpBeginText:
		if first {
			return r.b.Empty()
		}
		return r.refuse("an anchor of the beginning (^, \\A) that does not stand at the beginning")
	case syntax.OpEndLine, syntax.OpEndText:
		if last {
			return r.b.Empty()
		}
		return r.refuse("an anchor of the end ($, \\z) that does not stand at the end")
	case syntax.OpWordBoundary:
		return r.refuse("\\b (a word boundary) is not supported; say which characters stand there")
	case syntax.OpNoWordBoundary:
		return r.refuse("\\B (no word boundary) is not supported; say which characters stand there")
	}
	return r.refuse(fmt.Sprintf("operator %v is not supported", op))
}

// concat is expr for a list. What can be nothing but empty, as an anchor, leaves what
// follows it at the beginning.
func (r *regex) concat(list []*syntax.Regexp, first, last bool) rules.Expr {
	ends := len(list)
	for ends > 0 && anchors(list[ends-1]) {
		ends--
	}
	all := make([]rules.Expr, len(list))
	for k, s := range list {
		all[k] = r.expr(s, first, last && k >= ends-1)
		first = first && anchors(s)
	}
	return r.b.Concat(all...)
}

// anchors reports whether re is nothing but anchors.
func anchors(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpEmptyMatch:
		return true
	case syntax.OpCapture:
		return anchors(re.Sub[0])
	}
	return false
}

// literal returns the characters of a literal, in either case where it says so.
func (r *regex) literal(re *syntax.Regexp) rules.Expr {
	if re.Flags&syntax.FoldCase == 0 {
		return r.b.Bytes(string(re.Rune))
	}
	all := make([]rules.Expr, len(re.Rune))
	for k, c := range re.Rune {
		set := []rules.Range{{Lo: c, Hi: c}}
		for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
			set = append(set, rules.Range{Lo: f, Hi: f})
		}
		all[k] = r.b.Class(set...)
	}
	return r.b.Concat(all...)
}

// ranges returns the pairs of a class.
func ranges(pairs []rune) []rules.Range {
	out := make([]rules.Range, 0, len(pairs)/2)
	for k := 0; k+1 < len(pairs); k += 2 {
		out = append(out, rules.Range{Lo: pairs[k], Hi: pairs[k+1]})
	}
	return out
}
