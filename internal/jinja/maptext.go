package jinja

// MapText returns a copy of a value in which f has changed every text, the keys
// of mappings included. What only templates make is left as it is.
func MapText(v Value, f func(string) string) Value {
	switch v := v.(type) {
	case string:
		return f(v)
	case *List:
		list := &List{Items: make([]Value, len(v.Items)), tuple: v.tuple, group: v.group}
		for i, item := range v.Items {
			list.Items[i] = MapText(item, f)
		}
		return list
	case *Dict:
		dict := NewDict()
		for i, key := range v.keys {
			dict.Set(MapText(key, f), MapText(v.vals[i], f))
		}
		return dict
	}
	return v
}
