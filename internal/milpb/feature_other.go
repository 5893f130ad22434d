package milpb

// ImageFeatureType describes an image. Sizes are in pixels; 0 by 0 leaves the
// size to the caller.
type ImageFeatureType struct {
	Width, Height int64
	// ColorSpace is 10 grayscale, 20 RGB, 30 BGR, 40 grayscale of float16. The
	// last came with version 7 (iOS16).
	ColorSpace int32
	// Sizes lists the allowed sizes, or Widths and Heights the allowed ranges; all
	// nil means that Width and Height are the only ones.
	Sizes           []ImageSize
	Widths, Heights *SizeRange
}

// ImageSize is one of the enumerated sizes of an image.
type ImageSize struct{ Width, Height uint64 }

// message ImageSize: uint64 width = 1; uint64 height = 2.
func (*ImageSize) name() string { return "ImageSize" }

func (m *ImageSize) set(_ *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Width, err = f.varint()
	case 2:
		m.Height, err = f.varint()
	}
	return err
}

func (m *ImageSize) append(b []byte) []byte {
	b = appendVarint(b, 1, m.Width)
	return appendVarint(b, 2, m.Height)
}

// sizeList and sizeRanges are the two members of the oneof of sizes.
type sizeList struct{ sizes []ImageSize }

// message EnumeratedImageSizes: repeated ImageSize sizes = 1.
func (*sizeList) name() string { return "EnumeratedImageSizes" }

func (m *sizeList) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.sizes, err = add(d, f, m.sizes)
	}
	return err
}

func (m *sizeList) append(b []byte) []byte { return appendList(b, 1, m.sizes) }

type sizeRanges struct{ widths, heights *SizeRange }

// message ImageSizeRange: SizeRange widthRange = 1; SizeRange heightRange = 2.
func (*sizeRanges) name() string { return "ImageSizeRange" }

func (m *sizeRanges) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.widths, err = sub(d, f, m.widths)
	case 2:
		m.heights, err = sub(d, f, m.heights)
	}
	return err
}

func (m *sizeRanges) append(b []byte) []byte {
	b = appendSub(b, 1, m.widths)
	return appendSub(b, 2, m.heights)
}

// message ImageFeatureType: int64 width = 1; int64 height = 2; oneof {
// EnumeratedImageSizes = 21; ImageSizeRange = 31; }; ColorSpace colorSpace = 3.
func (*ImageFeatureType) name() string { return "ImageFeatureType" }

func (m *ImageFeatureType) set(d *decoder, f field) (err error) {
	var v uint64
	switch f.num {
	case 1:
		v, err = f.varint()
		m.Width = int64(v)
	case 2:
		v, err = f.varint()
		m.Height = int64(v)
	case 3:
		v, err = f.varint()
		m.ColorSpace = int32(v)
	case 21:
		list := sizeList{sizes: m.Sizes}
		_, err = sub(d, f, &list)
		m.Sizes, m.Widths, m.Heights = list.sizes, nil, nil
	// Either range may be absent, and then allows every size.
	case 31:
		r := sizeRanges{m.Widths, m.Heights}
		_, err = sub(d, f, &r)
		m.Sizes, m.Widths, m.Heights = nil, r.widths, r.heights
	}
	return err
}

func (m *ImageFeatureType) append(b []byte) []byte {
	b = appendVarint(b, 1, uint64(m.Width))
	b = appendVarint(b, 2, uint64(m.Height))
	b = appendVarint(b, 3, uint64(int64(m.ColorSpace)))
	switch {
	case m.Sizes != nil:
		b = appendSub(b, 21, &sizeList{m.Sizes})
	case m.Widths != nil || m.Heights != nil:
		b = appendSub(b, 31, &sizeRanges{m.Widths, m.Heights})
	}
	return b
}

// DictionaryFeatureType describes a dictionary from its keys to doubles. In ML
// Programs only the probabilities of a classifier are of this kind.
type DictionaryFeatureType struct {
	// Key is the sort of the keys, Int64Feature or StringFeature; 0 when the file
	// leaves it out.
	Key FeatureKind
}

// message DictionaryFeatureType: oneof { Int64FeatureType int64KeyType = 1;
// StringFeatureType stringKeyType = 2; }. The members are empty messages.
func (*DictionaryFeatureType) name() string { return "DictionaryFeatureType" }

func (m *DictionaryFeatureType) set(_ *decoder, f field) (err error) {
	switch f.num {
	case 1:
		_, err = f.data()
		m.Key = Int64Feature
	case 2:
		_, err = f.data()
		m.Key = StringFeature
	}
	return err
}

func (m *DictionaryFeatureType) append(b []byte) []byte {
	switch m.Key {
	case Int64Feature:
		b = appendSub(b, 1, &empty{})
	case StringFeature:
		b = appendSub(b, 2, &empty{})
	}
	return b
}

// SequenceFeatureType describes a sequence. It is kept so that a description
// can be shown whole.
type SequenceFeatureType struct {
	// Element is the sort of the elements, Int64Feature or StringFeature; 0 when
	// the file leaves it out.
	Element FeatureKind
	Size    *SizeRange
}

// message SequenceFeatureType: oneof { Int64FeatureType int64Type = 1; StringFeatureType
// stringType = 3; }; SizeRange sizeRange = 101.
func (*SequenceFeatureType) name() string { return "SequenceFeatureType" }

func (m *SequenceFeatureType) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		_, err = f.data()
		m.Element = Int64Feature
	case 3:
		_, err = f.data()
		m.Element = StringFeature
	case 101:
		m.Size, err = sub(d, f, m.Size)
	}
	return err
}

func (m *SequenceFeatureType) append(b []byte) []byte {
	switch m.Element {
	case Int64Feature:
		b = appendSub(b, 1, &empty{})
	case StringFeature:
		b = appendSub(b, 3, &empty{})
	}
	return appendSub(b, 101, m.Size)
}
