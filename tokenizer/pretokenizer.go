package tokenizer

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// piece is a range of a text that goes to the next stage.
type piece struct{ start, end int32 }

// stage is one step of a pre-tokenizer. Each part is optional: prepare
// rewrites the whole text, matcher and behavior cut it, alphabet turns the
// pieces into the byte-level alphabet.
type stage struct {
	prepare  func(may *budget, s string, first bool) string
	trace    func(a *aligned) // prepare with the places of the original
	matcher  matcher
	behavior behavior
	alphabet bool
	placed   bool // depends on whether a part begins the original text
}

// behavior says what becomes of the matches of a pattern.
type behavior int

const (
	isolated behavior = iota
	removed
	mergedWithPrevious
	mergedWithNext
	contiguous
)

var behaviors = map[string]behavior{
	"Isolated": isolated, "Removed": removed, "MergedWithPrevious": mergedWithPrevious,
	"MergedWithNext": mergedWithNext, "Contiguous": contiguous,
}

// preTokenizer is the JSON of a pre-tokenizer, the fields of all types
// together.
type preTokenizer struct {
	Type             string          `json:"type"`
	PreTokenizers    []preTokenizer  `json:"pretokenizers"`
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

// isSet reads an option that is on unless the file says otherwise.
func isSet(b *bool) bool { return b == nil || *b }

// stages flattens a pre-tokenizer.
func (p *preTokenizer) stages(dst []stage, c *compiler) ([]stage, error) {
	table := uni.Classes()
	single := func(b behavior, in func(c uint8, r rune) bool) ([]stage, error) {
		return append(dst, stage{matcher: charMatcher{table, in}, behavior: b}), nil
	}
	switch p.Type {
	case "Sequence":
		var err error
		for i := range p.PreTokenizers {
			if dst, err = p.PreTokenizers[i].stages(dst, c); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case "ByteLevel":
		st := stage{alphabet: true}
		if isSet(p.AddPrefixSpace) {
			st.prepare = prefixSpace
			st.trace = func(a *aligned) {
				if !strings.HasPrefix(a.text, " ") {
					a.prepend(" ")
				}
			}
		}
		if isSet(p.UseRegex) {
			st.matcher = scanMatcher{scanGPT2, table}
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
			return nil, &UnsupportedError{Component: "option", Name: "Punctuation.behavior=" + p.Behavior}
		}
		return single(b, isPunctuation)
	case "WhitespaceSplit":
		return single(removed, func(c uint8, _ rune) bool { return c&uni.Space != 0 })
	case "Whitespace":
		return append(dst, stage{matcher: invert{scanMatcher{scanWords, table}}, behavior: removed}), nil
	case "BertPreTokenizer":
		dst, _ = single(removed, func(c uint8, _ rune) bool { return c&uni.Space != 0 })
		return single(isolated, isPunctuation)
	case "CharDelimiterSplit":
		return append(dst, stage{matcher: literalMatcher{p.Delimiter}, behavior: removed}), nil
	case "UnicodeScripts":
		return append(dst, stage{matcher: scriptMatcher{}, behavior: removed}), nil
	case "FixedLength":
		length := 5
		if p.Length != nil {
			length = *p.Length
		}
		if length < 1 {
			return nil, fmt.Errorf("FixedLength has a length of %d", length)
		}
		return append(dst, stage{matcher: lengthMatcher{length}}), nil
	}
	return nil, &UnsupportedError{Component: "pre-tokenizer", Name: p.Type}
}

func (p *preTokenizer) metaspace(dst []stage) ([]stage, error) {
	scheme := p.PrependScheme
	if scheme == "" {
		scheme = "never"
		if isSet(p.AddPrefixSpace) {
			scheme = "always"
		}
	}
	if scheme != "always" && scheme != "first" && scheme != "never" {
		return nil, &UnsupportedError{Component: "option", Name: "Metaspace.prepend_scheme=" + scheme}
	}
	mark, err := replacement(p.Replacement)
	if err != nil {
		return nil, err
	}
	st := stage{prepare: func(may *budget, s string, first bool) string {
		s = replaceLiteral(may, s, " ", mark)
		if (scheme == "always" || scheme == "first" && first) && !strings.HasPrefix(s, mark) {
			s = mark + s
		}
		return s
	}, trace: func(a *aligned) {
		a.replace(literalMatcher{" "}, mark)
		if (scheme == "always" || scheme == "first" && a.shift == 0) && !strings.HasPrefix(a.text, mark) {
			a.prepend(mark)
		}
	}, placed: scheme == "first"}
	if isSet(p.Split) {
		st.matcher, st.behavior = literalMatcher{mark}, mergedWithNext
	}
	return append(dst, st), nil
}

// replacement returns the mark of a Metaspace.
func replacement(mark string) (string, error) {
	if mark == "" {
		return metaMark, nil
	}
	if utf8.RuneCountInString(mark) != 1 {
		return "", &UnsupportedError{Component: "option", Name: "Metaspace.replacement=" + mark}
	}
	return mark, nil
}

func (p *preTokenizer) splitStage(dst []stage, c *compiler) ([]stage, error) {
	m, err := c.pattern(p.Pattern)
	if err != nil {
		return nil, err
	}
	b, ok := behaviors[p.Behavior]
	if !ok {
		return nil, &UnsupportedError{Component: "option", Name: "Split.behavior=" + p.Behavior}
	}
	if p.Invert {
		m = invert{m}
	}
	return append(dst, stage{matcher: m, behavior: b}), nil
}

// pattern reads {"String": …} or {"Regex": …}.
func (c *compiler) pattern(raw json.RawMessage) (matcher, error) {
	var p struct {
		String *string
		Regex  *string
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	switch {
	case p.String != nil && *p.String == "":
		return c.compile("") // is found between any two characters
	case p.String != nil:
		return literalMatcher{*p.String}, nil
	case p.Regex != nil:
		return c.compile(*p.Regex)
	}
	return nil, &UnsupportedError{Component: "pattern", Name: string(raw)}
}

func prefixSpace(_ *budget, s string, _ bool) string {
	if strings.HasPrefix(s, " ") {
		return s
	}
	return " " + s
}

func isPunctuation(c uint8, r rune) bool {
	if r < 0x80 {
		return c&(uni.Punct|uni.Symbol) != 0
	}
	return uni.IsBertPunct(r)
}

// scanWords matches \w+|[^\w\s]+.
func scanWords(t *uni.Table, s string, i int) int {
	if end := runeRun(s, i, uni.IsWord); end > i {
		return end
	}
	return runeRun(s, i, func(r rune) bool { return !uni.IsWord(r) && !uni.IsSpace(r) })
}

// charMatcher matches single characters.
type charMatcher struct {
	table *uni.Table
	in    func(class uint8, r rune) bool
}

func (m charMatcher) find(may *budget, dst []match, s string) ([]match, error) {
	from, next := 0, lookAfter
	for i := 0; i < len(s); {
		if i >= next {
			if next = i + lookAfter; !may.spend(lookAfter) {
				return dst, may.err
			}
		}
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		if m.in(m.table.Class(r), r) {
			if from < i {
				dst = append(dst, match{int32(from), int32(i), false})
			}
			dst = append(dst, match{int32(i), int32(i + n), true})
			from = i + n
		}
		i += n
	}
	if from < len(s) {
		dst = append(dst, match{int32(from), int32(len(s)), false})
	}
	may.spend(len(s) % lookAfter)
	return dst, nil
}

// invert matches what lies between the matches of a pattern.
type invert struct{ matcher }

func (m invert) find(may *budget, dst []match, s string) ([]match, error) {
	dst, err := m.matcher.find(may, dst, s)
	for i := range dst {
		dst[i].hit = !dst[i].hit
	}
	return dst, err
}

// cut turns matches into pieces.
func (b behavior) cut(dst []piece, matches []match) []piece {
	switch b {
	case mergedWithNext:
		for i := 0; i < len(matches); i++ {
			m := matches[i]
			if m.hit && i+1 < len(matches) && !matches[i+1].hit {
				i++
				m.end = matches[i].end
			}
			dst = append(dst, piece{m.start, m.end})
		}
		return dst
	case removed:
		for _, m := range matches {
			if !m.hit {
				dst = append(dst, piece{m.start, m.end})
			}
		}
		return dst
	}
	previous := false
	for _, m := range matches {
		joins := b == contiguous && m.hit == previous || b == mergedWithPrevious && m.hit && !previous
		previous = m.hit
		if joins && len(dst) > 0 {
			dst[len(dst)-1].end = m.end
			continue
		}
		dst = append(dst, piece{m.start, m.end})
	}
	return dst
}

// pieceCost is the steps that handling a piece takes, whatever its size.
const pieceCost = 4

// pretokenize cuts text by the stages from depth on and encodes each piece.
func (t *Tokenizer) pretokenize(st *state, dst []int, text string, first bool, depth int) []int {
	if depth == len(t.stages) {
		dst = st.encoder.appendPiece(dst, text)
		if st.counting {
			st.counted += len(dst)
			dst = dst[:0]
		}
		return dst
	}
	sg := &t.stages[depth]
	if sg.prepare != nil {
		text = sg.prepare(&st.budget, text, first)
	}
	// A visit costs something too, which is noticed where there are many stages.
	if !st.spend(pieceCost) || !st.fits(len(text)) || depth == len(t.stages)-1 && !st.take(len(text)) {
		return dst
	}
	if sg.matcher == nil {
		return t.descend(st, dst, text, first, depth)
	}
	matches, err := sg.matcher.find(&st.budget, st.matches[:0], text)
	if err != nil {
		st.fail(err)
		return dst
	}
	st.matches = matches
	pieces := sg.behavior.cut(st.pieces[depth][:0], matches)
	st.pieces[depth] = pieces
	for _, p := range pieces {
		if p.end > p.start {
			if st.tick < 0 && !st.spend(0) {
				break
			}
			dst = t.descend(st, dst, text[p.start:p.end], first && p.start == 0, depth)
		}
	}
	return dst
}

// descend hands a piece to the stage after depth.
func (t *Tokenizer) descend(st *state, dst []int, text string, first bool, depth int) []int {
	if t.stages[depth].alphabet && !(t.raw && depth == len(t.stages)-1) {
		text = byteLevel(&st.budget, text)
	}
	return t.pretokenize(st, dst, text, first, depth+1)
}
