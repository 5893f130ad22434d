package openai

import "maps"

// stream writes the response as events.
func (b *responseBuilder) stream() error {
	b.out = b.x.openStream()
	b.x.failEvent = b.failure
	used, err := b.x.answer(b.j, b.add)
	if err != nil {
		return err
	}
	b.end(used)
	return b.tell("response."+b.reply.Status, map[string]any{"response": b.reply})
}

// begin tells that the response is being written. That comes with its first token: until then
// an error can have a status.
func (b *responseBuilder) begin() error {
	if err := b.tell("response.created", map[string]any{"response": b.reply}); err != nil {
		return err
	}
	return b.tell("response.in_progress", map[string]any{"response": b.reply})
}

// tell sends an event, with its place among them.
func (b *responseBuilder) tell(kind string, fields map[string]any) error {
	if b.out == nil {
		return nil
	}
	e := maps.Clone(fields)
	e["type"], e["sequence_number"] = kind, b.sequence
	b.sequence++
	return b.out.send(kind, e)
}

// failure makes the event of a response that has failed.
func (b *responseBuilder) failure(e *apiError) (name string, body any) {
	code := e.code
	if code == "" {
		code = kindOf(e.status)
	}
	b.reply.Status, b.reply.Error = failed, &responseError{code, e.message}
	for _, item := range b.reply.Output {
		if item.Status == inProgress {
			item.Status = incomplete
		}
	}
	name = "response." + failed
	return name, map[string]any{"type": name, "sequence_number": b.sequence, "response": b.reply}
}
