package openai

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/gocoreml/coreml/generate/internal/picture"
)

// mostDecoding is how many requests decode pictures at once.
const mostDecoding = 2

// placedPicture is a picture of a request, and where it was found.
type placedPicture struct {
	field string
	data  []byte // of a file
}

// picture reads a part of a message that is a picture: a data URI with its file. Nothing is
// ever fetched for a client.
func (c *conversation) picture(p *object) {
	field, url := p.at("image_url"), ""
	if inner := p.raw("image_url"); inner != nil && kindOfJSON(inner) == "an object" {
		o := p.object("image_url")
		url, field = o.text("url"), o.at("url")
		p.join(o)
	} else {
		url = p.text("image_url")
	}
	if p.err != nil {
		return
	}
	head, body, ok := strings.Cut(url, ",")
	if !ok || !strings.HasPrefix(strings.ToLower(head), "data:image/") || !strings.HasSuffix(strings.ToLower(head), ";base64") {
		p.fail(badField(field, "is no picture in the form data:image/png;base64,... or data:image/jpeg;base64,..."))
		return
	}
	c.base64(p, field, body)
}

// base64 adds a picture, whose file is the text of a field.
func (c *conversation) base64(p *object, field, body string) {
	if c.job.to.Generator.ImageInput() == nil {
		p.fail(unsupported(field, "the model takes no pictures"))
		return
	}
	data, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		p.fail(badField(field, "is no base64: %v", err))
		return
	}
	if len(c.pictures) == picture.Most {
		p.fail(badField(field, "is one of more than %d pictures", picture.Most))
		return
	}
	c.pictures = append(c.pictures, placedPicture{field, data})
}

// images decodes the pictures of a request and scales them to what the model takes. Few
// requests do so at once: what a picture takes in memory is far more than its file.
func (j *job) images(o *object, list []placedPicture) {
	if len(list) == 0 || o.err != nil {
		return
	}
	select {
	case j.x.h.decoding <- struct{}{}:
		defer func() { <-j.x.h.decoding }()
	case <-j.x.ctx.Done():
		o.fail(errorOf(context.Cause(j.x.ctx)))
		return
	}
	reader := picture.Reader{G: j.to.Generator}
	for _, p := range list {
		img, err := reader.Read(j.x.ctx, p.data)
		if ended := context.Cause(j.x.ctx); err != nil && ended != nil {
			o.fail(errorOf(ended))
			return
		}
		if err != nil {
			o.fail(badField(p.field, "%v", err))
			return
		}
		j.opts.Images = append(j.opts.Images, img)
	}
}
