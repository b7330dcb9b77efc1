using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipelines.Stages.Text;

/// <summary>tokenizer.json as the tokenizers library writes it: the parts that are read here, names in snake case.</summary>
internal sealed record TokenizerJson
{
    /// <summary>Vocabulary and merges.</summary>
    public ModelPart? Model { get; init; }

    /// <summary>What is done to the characters of a text.</summary>
    public Part? Normalizer { get; init; }

    /// <summary>How a text is cut before merging.</summary>
    public Part? PreTokenizer { get; init; }

    /// <summary>What is put around the ids.</summary>
    public Part? PostProcessor { get; init; }

    /// <summary>Tokens cut out of a text first.</summary>
    public IReadOnlyList<AddedPart> AddedTokens { get; init; } = [];

    /// <summary>The field model.</summary>
    internal sealed record ModelPart
    {
        public string? Type { get; init; }

        public string? UnkToken { get; init; }

        public bool? ByteFallback { get; init; }

        public bool? IgnoreMerges { get; init; }

        /// <summary>Object from token to id (a list in other kinds of model).</summary>
        public JsonElement Vocab { get; init; }

        /// <summary>Array of merges, each "left right" or ["left", "right"].</summary>
        public JsonElement Merges { get; init; }
    }

    /// <summary>One step of a normalizer, pre-tokenizer or post-processor; a Sequence holds further ones.</summary>
    internal sealed record Part
    {
        public string? Type { get; init; }

        public IReadOnlyList<Part?>? Normalizers { get; init; }

        public IReadOnlyList<Part?>? Pretokenizers { get; init; }

        public IReadOnlyList<Part?>? Processors { get; init; }

        public PatternPart? Pattern { get; init; }

        public string? Prepend { get; init; }

        public string? Content { get; init; }

        public string? Behavior { get; init; }

        public string? Replacement { get; init; }

        public string? PrependScheme { get; init; }

        public bool? AddPrefixSpace { get; init; }

        public bool? Invert { get; init; }

        public bool? Split { get; init; }

        public bool? UseRegex { get; init; }

        public IReadOnlyList<TemplateItem?>? Single { get; init; }

        /// <summary>The steps of a Sequence, in depth; a single step gives itself.</summary>
        public IEnumerable<Part> Steps() =>
            Type == "Sequence" ? (Normalizers ?? Pretokenizers ?? Processors ?? []).SelectMany(p => p?.Steps() ?? []) : [this];
    }

    /// <summary>A pattern: regular expression or literal text.</summary>
    internal sealed record PatternPart
    {
        [JsonPropertyName("Regex")]
        public string? Regex { get; init; }

        [JsonPropertyName("String")]
        public string? String { get; init; }
    }

    /// <summary>An item of a template: a special token, or the text's ids (which leave this null).</summary>
    internal sealed record TemplateItem
    {
        [JsonPropertyName("SpecialToken")]
        public SpecialPart? SpecialToken { get; init; }
    }

    /// <summary>A special token by its text.</summary>
    internal sealed record SpecialPart
    {
        public string? Id { get; init; }
    }

    /// <summary>An added token.</summary>
    internal sealed record AddedPart
    {
        public int Id { get; init; }

        public string? Content { get; init; }

        public bool Special { get; init; }
    }
}

/// <summary>tokenizer_config.json: the parts that are read here.</summary>
internal sealed record TokenizerConfigJson
{
    /// <summary>Id, as text, to token.</summary>
    public IReadOnlyDictionary<string, TokenizerJson.AddedPart>? AddedTokensDecoder { get; init; }

    /// <summary>Puts <see cref="BosToken"/> in front; LLaMA's and InternLM2's default is true.</summary>
    public bool? AddBosToken { get; init; }

    /// <summary>Text, or an object with the field content.</summary>
    public JsonElement BosToken { get; init; }

    /// <summary>Class of the slow tokenizer.</summary>
    public string? TokenizerClass { get; init; }
}
