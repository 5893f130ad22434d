package openai

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	_ "image/jpeg" // pictures of requests
	_ "image/png"
	"strings"
)

const (
	// maxSide bounds a picture before it is decoded, maxPixels those of a request together,
	// and maxPictures their number.
	maxSide     = 8192
	maxPixels   = 32 << 20
	maxPictures = 64
)

// mostDecoding is how many requests decode pictures at once.
const mostDecoding = 2

// picture is one of a request, where it was found.
type picture struct {
	field string
	data  []byte // of a PNG or JPEG file
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
	if len(c.pictures) == maxPictures {
		p.fail(badField(field, "is one of more than %d pictures", maxPictures))
		return
	}
	c.pictures = append(c.pictures, picture{field, data})
}

// images decodes the pictures of a request and scales them to what the model takes. Few
// requests do so at once: what a picture takes in memory is far more than its file.
func (j *job) images(o *object, list []picture) {
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
	pixels := 0
	for _, p := range list {
		img, err := j.decode(p, &pixels)
		if err != nil {
			o.fail(badField(p.field, "%v", err))
			return
		}
		j.opts.Images = append(j.opts.Images, img)
	}
}

// decode decodes a picture. Its size is looked at before memory is taken: pixels are those of
// the request so far.
func (j *job) decode(p picture, pixels *int) (image.Image, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(p.data))
	switch {
	case err != nil:
		return nil, fmt.Errorf("is no PNG or JPEG picture: %w", err)
	case c.Width < 1 || c.Height < 1 || max(c.Width, c.Height) > maxSide || c.Width*c.Height > maxPixels-*pixels:
		return nil, fmt.Errorf("has %d x %d pixels, want %d on each side at most, and %d in all pictures", c.Width, c.Height, maxSide, maxPixels)
	}
	*pixels += c.Width * c.Height
	img, _, err := image.Decode(bytes.NewReader(p.data))
	if err != nil {
		return nil, fmt.Errorf("is no PNG or JPEG picture: %w", err)
	}
	w, h, ok := j.to.Generator.ImageSize(c.Width, c.Height)
	if !ok || w == c.Width && h == c.Height || w < 1 || h < 1 || w > maxPixels/h {
		return img, nil // which the model takes, or refuses
	}
	return scale(img, w, h), nil
}
