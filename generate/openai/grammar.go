package openai

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/generate/internal/grammars"
)

// maxChoices bounds the texts of a choice, and maxChoiceBytes their length together.
const (
	maxChoices     = 4096
	maxChoiceBytes = 256 << 10
)

// grammarFields reads what the answer may be. Each server has names of its own for it; an
// answer has one grammar.
func (j *job) grammarFields(o *object) {
	r := &grammarReader{job: j, o: o}
	r.responseFormat("response_format")
	r.ownFields()
	if inner := o.object("structured_outputs"); inner != nil {
		r.fields(inner, "json")
		r.texts(inner, "regex", "grammar")
		r.choice(inner, "choice")
		if inner.flag("json_object") {
			r.anyObject("structured_outputs.json_object")
		}
		inner.refuse("structural tags are not served", "structural_tag")
		o.join(inner)
	}
}

// ownFields reads those that stand in the request itself.
func (r *grammarReader) ownFields() {
	r.fields(r.o, "schema", "guided_json", "json_schema")
	r.texts(r.o, "regex", "guided_regex", "grammar", "guided_grammar")
	r.choice(r.o, "choice", "guided_choice")
}

// grammarReader reads the fields of a grammar.
type grammarReader struct {
	job   *job
	o     *object
	given string // the field that has it, "" for none
}

// take makes the grammar of a field, or takes it from those that the handler keeps.
func (r *grammarReader) take(field, kind, text string, build func() (*grammar.Grammar, error)) {
	if r.given != "" {
		r.o.fail(badField(field, "there is %s already: an answer has one grammar", r.given))
		return
	}
	x := r.job.x
	g, release, err := x.h.grammars.Get(x.ctx, kind, text, build)
	var schema *grammar.SchemaError
	switch {
	case x.ctx.Err() != nil:
		r.o.fail(errorOf(context.Cause(x.ctx)))
	case errors.Is(err, grammars.ErrFull):
		r.o.fail(errGrammarsBusy)
	case errors.As(err, &schema) && schema.Unsupported:
		r.o.fail(unsupported(field, "%v", err))
	case err != nil:
		r.o.fail(badField(field, "%v", err))
	default:
		r.given, r.job.opts.Grammar = field, g
	}
	if release != nil {
		x.releases = append(x.releases, release)
	}
}

// schema takes the grammar of a JSON schema.
func (r *grammarReader) schema(field string, schema []byte) {
	r.take(field, "schema", string(schema), func() (*grammar.Grammar, error) { return grammar.JSONSchema(schema, nil) })
}

// anyObject takes the grammar of all JSON objects.
func (r *grammarReader) anyObject(field string) { r.schema(field, []byte(`{"type":"object"}`)) }

// fields reads those that are JSON schemas.
func (r *grammarReader) fields(o *object, names ...string) {
	for _, name := range names {
		raw := o.raw(name)
		if raw == nil {
			continue
		}
		// Some clients send the schema as a text.
		if kindOfJSON(raw) == "a string" {
			var text string
			if o.value(name, "a schema", &text) && !json.Valid([]byte(text)) {
				o.bad(name, "is no JSON")
				continue
			}
			raw = json.RawMessage(text)
		}
		r.schema(o.at(name), raw)
	}
}

// texts reads those that are regular expressions and grammars.
func (r *grammarReader) texts(o *object, names ...string) {
	for _, name := range names {
		if !o.has(name) {
			continue
		}
		text := o.text(name)
		switch {
		case o.err != nil || text == "" && name == "grammar": // which llama.cpp's clients send for none
		case name == "regex" || name == "guided_regex":
			r.take(o.at(name), "regex", text, func() (*grammar.Grammar, error) { return grammar.Regex(text) })
		default:
			r.take(o.at(name), "grammar", text, func() (*grammar.Grammar, error) { return grammar.GBNF(text) })
		}
	}
}

// choice reads those that are lists of texts.
func (r *grammarReader) choice(o *object, names ...string) {
	for _, name := range names {
		list, size := o.texts(name, maxChoices), 0
		for _, text := range list {
			size += len(text)
		}
		switch {
		case list == nil || o.err != nil:
		case size > maxChoiceBytes:
			o.bad(name, "has %d bytes, want %d at most", size, maxChoiceBytes)
		default:
			text, _ := json.Marshal(list) // texts can be written
			r.take(o.at(name), "choice", string(text), func() (*grammar.Grammar, error) { return grammar.Choice(list...) })
		}
	}
}

// responseFormat reads OpenAI's field.
func (r *grammarReader) responseFormat(name string) {
	f := r.o.object(name)
	if f == nil {
		return
	}
	r.format(f, f.object("json_schema"))
	r.o.join(f)
}

// format reads a format of answers: f has its type, and holder the schema.
func (r *grammarReader) format(f, holder *object) {
	switch kind := f.text("type"); {
	case f.err != nil, kind == "text":
	case kind == "":
		f.bad("type", "is missing, want text, json_object or json_schema")
	case kind == "json_object":
		// llama.cpp's clients put a schema beside it.
		if raw := f.raw("schema"); raw != nil && holder != f {
			r.schema(f.at("schema"), raw)
			return
		}
		r.anyObject(f.path)
	case kind != "json_schema":
		f.bad("type", "is %s, want text, json_object or json_schema", shown(kind))
	case holder == nil || holder.raw("schema") == nil:
		f.fail(badField(f.path, "has no schema"))
	default:
		r.schema(holder.at("schema"), holder.raw("schema"))
		f.join(holder)
	}
}
