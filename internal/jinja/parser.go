package jinja

import (
	"context"
)

// Parse parses a template. Mistakes are an [*Error]. It ends with the context
// and returns its error then. Names of filters and tests that do not exist are
// mistakes of the template and are found here, as jinja2 finds them when it
// compiles.
func Parse(ctx context.Context, src string) (*Template, error) {
	tokens, err := lex(ctx, src)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, ended: ctx.Err}
	body, err := p.body()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != tokEOF {
		return nil, p.unexpected()
	}
	if err := p.known(0); err != nil {
		return nil, err
	}
	return &Template{body}, nil
}

// body parses statements up to a block that begins with one of the words; the
// word is the next token then. Without words it ends with the template. Text
// and expressions are statements that write. The caller reads the word, since
// an if goes on differently behind elif, else and endif.
//
// In jinja2 this is Parser.subparse. Its recursion is bounded by maxNesting, which
// enter counts.
func (p *parser) body(words ...string) ([]stmt, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	var out []stmt
	for {
		t := p.next()
		switch t.kind {
		case tokEOF:
			if len(words) > 0 {
				return nil, p.fail("unexpected end of template, expected '%s'", words[len(words)-1])
			}
			return out, nil
		case tokText:
			out = append(out, &textStmt{t.text})
		case tokVarBegin:
			value, err := p.tuple(true, false, "")
			if err != nil {
				return nil, err
			}
			if p.peek().kind != tokVarEnd {
				return nil, p.fail("expected the end of the expression, got '%s'", p.peek().text)
			}
			p.at++
			out = append(out, &outStmt{t.pos, value, unescapedOutput(p.escaping, value)})
		case tokBlockBegin:
			if p.isName(words...) {
				return out, nil
			}
			s, err := p.statement()
			if err != nil {
				return nil, err
			}
			if err := p.blockEnd(); err != nil {
				return nil, err
			}
			out = append(out, s)
		default:
			p.at--
			return nil, p.unexpected()
		}
	}
}

// ownBlock is block for a body that jinja2 makes a function of: the loops around it
// do not reach in.
func (p *parser) ownBlock(word string) ([]stmt, error) {
	loops := p.loops
	p.loops = 0
	body, err := p.block(word)
	p.loops = loops
	return body, err
}

// block parses the end of a tag, a body, and the word that ends it. The word is
// left for the caller's blockEnd: jinja2 has no names behind end tags but for
// endblock.
func (p *parser) block(word string) ([]stmt, error) {
	if err := p.blockEnd(); err != nil {
		return nil, err
	}
	body, err := p.body(word)
	if err != nil {
		return nil, err
	}
	p.at++
	return body, nil
}

// statement parses one statement from its keyword on, without the end of its
// last tag. Conditions decide whether a part is reached, so names that do not
// exist inside of an if are forgotten behind it and fail when they run;
// templates ask for the features of a server that way.
//
// In jinja2 this is Parser.parse_statement of jinja2/parser.py, with its table of
// keywords; generation is an extension of transformers (AssistantTracker), break
// and continue one of jinja2 (ext.LoopControlExtension).
func (p *parser) statement() (stmt, error) {
	t := p.peek()
	if t.kind != tokName {
		return nil, p.unexpected()
	}
	p.at++
	named := len(p.unknown)
	switch t.text {
	case "if":
		s, err := p.ifStatement()
		p.unknown = p.unknown[:named]
		return s, err
	case "for":
		return p.forStatement(t.pos)
	case "set":
		return p.setStatement(t.pos)
	case "macro":
		return p.macroStatement(t.pos)
	case "call":
		return p.callStatement(t.pos)
	case "with":
		return p.withStatement(t.pos)
	case "filter":
		return p.filterStatement(t.pos)
	case "autoescape":
		return p.autoescapeStatement(t.pos)
	case "generation":
		// It marks what a model wrote, for training; the text is the same.
		body, err := p.ownBlock("endgeneration")
		if err == nil {
			err = p.known(named)
		}
		return &scopeStmt{body}, err
	case "break", "continue":
		if p.loops == 0 {
			// jinja2 leaves the mistake to Python's compiler.
			return nil, t.pos.at(fail("SyntaxError", "'%s' outside of a loop", t.text))
		}
		sig := breakLoop
		if t.text == "continue" {
			sig = continueLoop
		}
		return &loopStmt{t.pos, sig}, nil
	case "block":
		return p.blockStatement()
	case "include":
		return p.includeStatement(t.pos)
	case "import":
		return p.importStatement(t.pos)
	case "from":
		return p.fromStatement(t.pos)
	case "extends":
		e, err := p.expression(true)
		return &loadStmt{pos: t.pos, name: e}, err
	}
	return nil, t.pos.at(fail(SyntaxError, "encountered unknown tag '%s'", t.text))
}
