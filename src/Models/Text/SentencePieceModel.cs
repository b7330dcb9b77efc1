using System.Buffers.Binary;
using System.Text;

namespace Pipelines.Models.Text;

/// <summary>
/// A SentencePiece model file (protocol buffers, ModelProto): pieces with their scores and the two settings that change
/// ids. Only models of type BPE have an order of merges: the piece of the highest score is made first.
/// </summary>
internal sealed class SentencePieceModel
{
    private const int Normal = 1,
        Control = 3,
        BpeType = 2;
    private readonly List<(string Text, float Score, int Type)> _pieces = [];
    private int _modelType = 1;
    private bool _hasCharacterMap;

    private SentencePieceModel() { }

    /// <summary>Piece to id.</summary>
    public Dictionary<string, int> Vocabulary { get; } = new(StringComparer.Ordinal);

    /// <summary>Ids of pieces that stand for no text (<c>&lt;s&gt;</c>).</summary>
    public IReadOnlyCollection<int> Controls =>
        [.. Enumerable.Range(0, _pieces.Count).Where(i => _pieces[i].Type == Control)];

    /// <summary>A blank is put in front of a text.</summary>
    public bool AddsDummyPrefix { get; private set; } = true;

    /// <summary>Runs of blanks count as one.</summary>
    public bool RemovesExtraBlanks { get; private set; } = true;

    /// <summary>Reads a model.</summary>
    /// <param name="file">The bytes of tokenizer.model.</param>
    /// <exception cref="FormatException">Damaged, or of a kind that is not supported; says which.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> file)
    {
        var model = new SentencePieceModel();
        foreach (var field in new Message(file))
        {
            switch (field.Number)
            {
                case 1:
                    model.AddPiece(field.Bytes);
                    break;
                case 2:
                    model.ReadTrainer(field.Bytes);
                    break;
                case 3:
                    model.ReadNormalizer(field.Bytes);
                    break;
            }
        }

        if (model._pieces.Count == 0)
        {
            throw new FormatException("it holds no pieces");
        }

        if (model._modelType != BpeType)
        {
            throw new FormatException("it is a SentencePiece model of another type than BPE");
        }

        return model._hasCharacterMap
            ? throw new FormatException("it normalises characters by a map, which is not supported")
            : model;
    }

    /// <summary>
    /// Merges, the first to be done first: every way to make a piece of two pieces, by falling score.
    /// </summary>
    public IReadOnlyList<string> Merges()
    {
        var merges = new List<(float Score, string Merge)>();
        foreach (var (text, score, type) in _pieces)
        {
            for (int cut = 1; type == Normal && cut < text.Length; cut++)
            {
                if (IsMergeable(text[..cut]) && IsMergeable(text[cut..]))
                {
                    merges.Add((score, $"{text[..cut]} {text[cut..]}"));
                }
            }
        }

        return [.. merges.OrderByDescending(m => m.Score).Select(m => m.Merge)];
    }

    private bool IsMergeable(string text) => Vocabulary.TryGetValue(text, out int id) && _pieces[id].Type == Normal;

    private void AddPiece(ReadOnlySpan<byte> bytes)
    {
        (string text, float score, int type) = ("", 0, Normal);
        foreach (var field in new Message(bytes))
        {
            switch (field.Number)
            {
                case 1:
                    text = Encoding.UTF8.GetString(field.Bytes);
                    break;
                case 2:
                    score = BinaryPrimitives.ReadSingleLittleEndian(
                        field.Bytes.Length == 4 ? field.Bytes : throw new FormatException("a piece's score is no float")
                    );
                    break;
                case 3:
                    type = (int)field.Value;
                    break;
            }
        }

        if (text.Length == 0 || !Vocabulary.TryAdd(text, _pieces.Count))
        {
            throw new FormatException(
                text.Length == 0
                    ? $"piece {_pieces.Count} is empty"
                    : $"piece {_pieces.Count} is piece {Vocabulary[text]} again, which SentencePiece refuses, too"
            );
        }

        _pieces.Add(
            (text, float.IsNaN(score) ? throw new FormatException("a piece's score is not a number") : score, type)
        );
    }

    private void ReadTrainer(ReadOnlySpan<byte> bytes)
    {
        foreach (var field in new Message(bytes))
        {
            _modelType = field.Number == 3 ? (int)field.Value : _modelType;
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> bytes)
    {
        foreach (var field in new Message(bytes))
        {
            switch (field.Number)
            {
                case 2:
                    _hasCharacterMap = field.Bytes.Length > 0;
                    break;
                case 3:
                    AddsDummyPrefix = field.Value != 0;
                    break;
                case 4:
                    RemovesExtraBlanks = field.Value != 0;
                    break;
            }
        }
    }

    /// <summary>The fields of a protocol-buffers message, in file order.</summary>
    private ref struct Message(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        /// <summary>Field number.</summary>
        public int Number { get; private set; }

        /// <summary>Value of a varint field, else 0.</summary>
        public ulong Value { get; private set; }

        /// <summary>Content of a field of fixed or stated length, else empty.</summary>
        public ReadOnlySpan<byte> Bytes { get; private set; } = default;

        public readonly Message Current => this;

        public readonly Message GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_rest.IsEmpty)
            {
                return false;
            }

            ulong key = Varint();
            Number = (int)Math.Min(key >> 3, int.MaxValue);
            Value = 0;
            Bytes = default;
            switch (key & 7)
            {
                case 0:
                    Value = Varint();
                    break;
                case 1:
                    Bytes = Take(8);
                    break;
                case 2:
                    Bytes = Take(Varint());
                    break;
                case 5:
                    Bytes = Take(4);
                    break;
                default:
                    throw new FormatException("it is no SentencePiece model, or damaged");
            }

            return true;
        }

        private ReadOnlySpan<byte> Take(ulong length)
        {
            if (length > (ulong)_rest.Length)
            {
                throw new FormatException("it ends in the middle of a field");
            }

            var taken = _rest[..(int)length];
            _rest = _rest[(int)length..];
            return taken;
        }

        private ulong Varint()
        {
            ulong value = 0;
            for (int shift = 0; shift < 64; shift += 7)
            {
                byte next = Take(1)[0];
                value |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                {
                    return value;
                }
            }

            throw new FormatException("it holds a number of more than 64 bits");
        }
    }
}
