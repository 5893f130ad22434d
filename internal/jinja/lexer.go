package jinja

import (
	"context"
	"strings"
)

// tokenKind is what a token is. White space inside of tags and comments are
// none.
type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokText
	tokVarBegin
	tokVarEnd
	tokBlockBegin
	tokBlockEnd
	tokName
	tokString
	tokInt
	tokFloat
	tokOp
)

// The text of a string is what stands between its quotes, with the escapes
// read; that of all others is as it stands in the source.
type token struct {
	kind tokenKind
	text string
	pos  pos
}

// lexer cuts a template into tokens with trim_blocks and lstrip_blocks on, the
// settings that chat templates are written for. trim_blocks takes the line
// break behind a block tag away, and lstrip_blocks the spaces before one that
// begins a line. transformers renders with both, and a template that is read
// without them writes other white space into the prompt, which a model notices.
// Places are counted in lines and code points, from 1, as editors show them.
type lexer struct {
	src    string
	at     int
	line   int32 // the place of the offset start
	col    int32
	start  int
	tokens []token
	ended  func() error // the error of the context
	// fresh says that the last tag took the rest of its line with it, so that
	// the text after it begins a line.
	fresh bool
}

const (
	// maxSource bounds the size of a template. A tree takes up to 200 times the
	// memory of its text; the longest templates in use have some 50,000 bytes.
	maxSource = 1 << 20
	// maxName bounds the length of a name, because each use of one goes over
	// its bytes.
	maxName = 1000
	// lexPoll is how many tokens are read between two looks at the context.
	lexPoll = 1 << 12
)

// lex reads the whole template at once. Tokens are small beside the tree that
// the parser makes of them, and looking ahead becomes an index. The one line
// break at the very end is taken away, as keep_trailing_newline is off by
// default.
func lex(ctx context.Context, src string) ([]token, error) {
	if len(src) > maxSource {
		return nil, fail(LimitError, "the template is larger than %d bytes", maxSource)
	}
	// Line ends are made plain before anything else, so that a template renders
	// alike whatever system it was saved on.
	src = strings.ReplaceAll(src, "\r\n", "\n")
	src = strings.ReplaceAll(src, "\r", "\n")
	src = strings.TrimSuffix(src, "\n")
	l := &lexer{src: src, line: 1, col: 1, fresh: true, ended: ctx.Err}
	for tags := 0; l.at < len(l.src); tags++ {
		// Comments are no tokens, so that tags are counted too.
		if tags%lexPoll == 0 {
			if err := l.ended(); err != nil {
				return nil, err
			}
		}
		if err := l.text(); err != nil {
			return nil, err
		}
	}
	l.emit(tokEOF, "", l.at)
	return l.tokens, nil
}

// place returns the place of an offset. Tokens come in rising order, so that
// each part of the text is counted once; an error may go back to the start of
// a tag.
//
// So the whole costs one pass over the source, and an error one more.
func (l *lexer) place(at int) pos {
	if at < l.start {
		l.line, l.col, l.start = 1, 1, 0
	}
	for _, r := range l.src[l.start:at] {
		l.col++
		if r == '\n' {
			l.line++
			l.col = 1
		}
	}
	l.start = at
	return pos{l.line, l.col}
}

// emit adds a token that begins at an offset.
func (l *lexer) emit(kind tokenKind, text string, at int) {
	l.tokens = append(l.tokens, token{kind, text, l.place(at)})
}

// fail is a syntax error at an offset.
func (l *lexer) fail(at int, format string, args ...any) error {
	return l.place(at).at(fail(SyntaxError, format, args...))
}

// text reads the text up to the next tag, and the tag. The white space before
// the tag belongs to the text and is decided by the tag: a minus takes all of
// it away, line breaks too, a plus keeps it, and without a sign lstrip_blocks
// applies, to block tags and comments but not to expressions.
//
// The regular expressions of jinja2/lexer.py (Lexer.__init__, tokeniter) say the
// same: the root state looks for the beginnings, and block_begin and comment_begin
// take white space before them.
func (l *lexer) text() error {
	from := l.at
	open := -1
	// Three kinds of tags, all beginning with a brace. There is no escape for
	// one but a raw block or an expression that writes it.
	for i := from; i+1 < len(l.src); i++ {
		if l.src[i] == '{' && (l.src[i+1] == '{' || l.src[i+1] == '%' || l.src[i+1] == '#') {
			open = i
			break
		}
	}
	if open < 0 {
		l.emit(tokText, l.src[from:], from)
		l.at = len(l.src)
		return nil
	}
	kind := l.src[open+1]
	after := open + 2
	sign := byte(0)
	if after < len(l.src) && (l.src[after] == '-' || l.src[after] == '+') {
		sign = l.src[after]
		after++
	}
	text := l.src[from:open]
	switch {
	case sign == '-':
		text = strings.TrimRightFunc(text, isSpace)
	case sign == 0 && kind != '{':
		text = l.lstrip(text)
	}
	if text != "" {
		l.emit(tokText, text, from)
	}
	l.at = after
	switch kind {
	case '#':
		return l.comment(open)
	// A raw tag is looked for before the tokens of its block are read.
	case '%':
		if raw, ok := l.rawTag(after, "raw"); ok {
			return l.raw(open, raw)
		}
		l.emit(tokBlockBegin, "{%", open)
		return l.inside("%}", tokBlockEnd, open)
	}
	l.emit(tokVarBegin, "{{", open)
	return l.inside("}}", tokVarEnd, open)
}

// lstrip removes white space between the start of a line and a tag. It stays
// where something else stands in the line before the tag.
func (l *lexer) lstrip(text string) string {
	nl := strings.LastIndexByte(text, '\n') + 1
	if (nl > 0 || l.fresh) && strings.TrimFunc(text[nl:], isSpace) == "" {
		return text[:nl]
	}
	return text
}

// closed moves behind a tag that ends at l.at, with the white space that sign
// removes; trim says that a line break goes with a tag that has no sign. jinja2
// has the line break of trim_blocks behind block tags and comments only; behind
// an expression it stays, as it is part of the text there.
//
// block_suffix_re of jinja2/lexer.py, which is in the patterns of the ends of
// blocks, comments and raw blocks.
func (l *lexer) closed(sign byte, trim bool) {
	l.fresh = false
	switch {
	case sign == '-':
		rest := strings.TrimLeftFunc(l.src[l.at:], isSpace)
		end := len(l.src) - len(rest)
		l.fresh = end > l.at && l.src[end-1] == '\n'
		l.at = end
	case sign == 0 && trim && l.at < len(l.src) && l.src[l.at] == '\n':
		l.at++
		l.fresh = true
	}
}

// comment moves behind a comment. Comments are not nested, and a tag inside of
// one means nothing.
func (l *lexer) comment(open int) error {
	end := strings.Index(l.src[l.at:], "#}")
	if end < 0 {
		return l.fail(open, "missing end of comment tag")
	}
	end += l.at
	sign := byte(0)
	if end > l.at && (l.src[end-1] == '-' || l.src[end-1] == '+') {
		sign = l.src[end-1]
	}
	l.at = end + 2
	l.closed(sign, true)
	return nil
}

// rawTag matches the rest of a {% name %} tag and returns the offset of its
// closing characters. A raw block is the lexer's business, because what is in
// it need not be tokens at all.
func (l *lexer) rawTag(at int, name string) (int, bool) {
	rest := strings.TrimLeftFunc(l.src[at:], isSpace)
	rest, ok := strings.CutPrefix(rest, name)
	if !ok {
		return 0, false
	}
	rest = strings.TrimLeftFunc(rest, isSpace)
	if strings.HasPrefix(rest, "%}") || strings.HasPrefix(rest, "-%}") || strings.HasPrefix(rest, "+%}") {
		return len(l.src) - len(rest), true
	}
	return 0, false
}

// raw reads the text of a raw block, whose opening tag closes at the offset.
// Only a whole endraw tag ends it; other tags are text.
func (l *lexer) raw(open, at int) error {
	l.endTag(at, false)
	from := l.at
	if from >= len(l.src) {
		return nil // the reference does not ask for the end there
	}
	for i := from; ; {
		tag := strings.Index(l.src[i:], "{%")
		if tag < 0 {
			return l.fail(open, "missing end of raw directive")
		}
		tag += i
		after := tag + 2
		sign := byte(0)
		if after < len(l.src) && (l.src[after] == '-' || l.src[after] == '+') {
			sign = l.src[after]
			after++
		}
		end, ok := l.rawTag(after, "endraw")
		if !ok {
			i = tag + 2
			continue
		}
		text := l.src[from:tag]
		if sign == '-' {
			text = strings.TrimRightFunc(text, isSpace)
		} else if sign == 0 {
			text = l.lstrip(text)
		}
		// The text is one token, whatever is in it.
		if text != "" {
			l.emit(tokText, text, from)
		}
		l.endTag(end, true)
		return nil
	}
}
