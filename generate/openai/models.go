package openai

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// modelList is the reply of GET /v1/models.
type modelList struct {
	Object string      `json:"object"`
	Data   []modelInfo `json:"data"`
}

// modelInfo describes a model.
type modelInfo struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
	// Parent is the model of an adapter.
	Parent string `json:"parent,omitempty"`
	// MaxModelLen is the greatest number of tokens of prompt and answer together.
	MaxModelLen int `json:"max_model_len,omitempty"`
	// Capabilities are the kinds of requests that the model answers.
	Capabilities []string `json:"capabilities"`
}

// info describes a model.
func (s *served) info() modelInfo {
	m := modelInfo{ID: s.ID, Object: "model", Created: s.Created.Unix(), OwnedBy: "coreml"}
	if g := s.Generator; g != nil {
		m.MaxModelLen = g.ContextLength()
		m.Capabilities = append(m.Capabilities, "completion")
		if g.HasChatTemplate() {
			m.Capabilities = append(m.Capabilities, "chat")
		}
		if g.ImageInput() != nil {
			m.Capabilities = append(m.Capabilities, "vision")
		}
	}
	if e := s.Encoder; e != nil {
		m.MaxModelLen = max(m.MaxModelLen, e.MaxTokens())
		m.Capabilities = append(m.Capabilities, "embeddings")
	}
	return m
}

// infos describes a model and its adapters.
func (s *served) infos() []modelInfo {
	m := s.info()
	list := []modelInfo{m}
	for _, name := range slices.Sorted(maps.Keys(s.Adapters)) {
		adapted := m
		adapted.ID, adapted.Parent = s.ID+":"+name, s.ID
		list = append(list, adapted)
	}
	return list
}

// listModels answers GET /v1/models.
func (h *Handler) listModels(x *exchange) error {
	list := modelList{Object: "list", Data: []modelInfo{}}
	for _, s := range h.models.all() {
		list.Data = append(list.Data, s.infos()...)
	}
	return x.reply(http.StatusOK, list)
}

// showModel answers GET /v1/models/{id}.
func (h *Handler) showModel(x *exchange) error {
	t, err := h.models.find(strings.TrimPrefix(x.r.URL.Path, modelsPath+"/"))
	if err != nil {
		err.param = ""
		return err
	}
	x.stats.Model = t.name
	m := t.info()
	if m.ID != t.name {
		m.Parent, m.ID = m.ID, t.name
	}
	return x.reply(http.StatusOK, m)
}
