package main

import "strings"

// roffPage is a page of the manual that is being written, in the macros of man(7).
type roffPage struct {
	strings.Builder
	begun bool // a section that has nothing yet
}

// line writes a macro with its arguments.
func (p *roffPage) line(macro string, args ...string) {
	p.WriteString(macro)
	for _, arg := range args {
		p.WriteString(` "` + strings.ReplaceAll(roffText(arg), `"`, `\(dq`) + `"`)
	}
	p.WriteByte('\n')
}

// raw writes lines that are roff already.
func (p *roffPage) raw(text string) { p.WriteString(text + "\n") }

// section begins a section.
func (p *roffPage) section(name string) {
	p.raw(".SH " + name)
	p.begun = true
}

// space begins a paragraph, which the head of a section does too.
func (p *roffPage) space() {
	if !p.begun {
		p.raw(".PP")
	}
	p.begun = false
}

// paragraph writes a paragraph.
func (p *roffPage) paragraph(text string) {
	p.space()
	p.raw(roffLines(text))
}

// tagged writes an entry of a list; the tag is roff already.
func (p *roffPage) tagged(tag, text string) {
	p.begun = false
	p.raw(".TP")
	p.raw(tag)
	p.raw(roffLines(text))
}

// block writes a block of a help.
func (p *roffPage) block(b helpBlock) {
	if !b.code {
		p.paragraph(b.text)
		return
	}
	p.space()
	p.raw(".RS 4\n.EX")
	for line := range strings.Lines(b.text) {
		p.raw(roffText(strings.TrimSuffix(line, "\n")))
	}
	p.raw(".EE\n.RE")
}

// roffText is a text in which nothing commands roff. What a hyphen is must be said:
// names of flags are to be searched for and copied.
func roffText(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ", "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

// roffLines is a text in lines of the length that tools for roff want.
func roffLines(text string) string {
	const most = 78
	var b strings.Builder
	length := 0
	for word := range strings.FieldsSeq(text) {
		word = roffText(word)
		switch {
		case length == 0:
		case length+1+len(word) > most:
			b.WriteByte('\n')
			length = 0
		default:
			// The sign for no command is for the first word of a line alone.
			word = " " + strings.TrimPrefix(word, `\&`)
		}
		b.WriteString(word)
		length += len(word)
	}
	return b.String()
}

// helpBlock is a paragraph of a help, or lines that stand as they are.
type helpBlock struct {
	text    string
	code    bool
	example bool // below the word Examples
}

// helpBlocks splits a help.
func helpBlocks(help string) []helpBlock {
	var list []helpBlock
	examples := false
	for text := range strings.SplitSeq(help, "\n\n") {
		text = strings.Trim(text, "\n")
		code := strings.HasPrefix(text, "    ")
		switch {
		case strings.TrimSpace(text) == "":
			continue
		case text == "Examples:":
			examples = true
			continue
		case !code:
			examples = false
			text = strings.Join(strings.Fields(text), " ")
		default:
			text = strings.ReplaceAll(strings.TrimPrefix(text, "    "), "\n    ", "\n")
		}
		list = append(list, helpBlock{text, code, examples && code})
	}
	return list
}
