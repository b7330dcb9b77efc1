namespace Pipelines.Models.Families.Qwen3Vl;

/// <summary>Qwen3-VL's tensors: its ViT, four mergers, Qwen3.</summary>
internal static class Qwen3VlTensors
{
    /// <summary>What the tower lies below.</summary>
    public const string Tower = "model.visual";

    /// <summary>What the decoder lies below.</summary>
    public const string Text = "model.language_model";

    private const string Root = Text + ".",
        Head = "lm_head.weight";

    /// <summary>The hub's name of a stored name; a base model's has no <c>model.</c> in front.</summary>
    public static string HubName(string stored)
    {
        string name = TensorNames.WithoutModel(stored);
        return name.StartsWith("visual.", StringComparison.Ordinal)
            ? "model." + name
            : TensorNames.Decoder(name, Root, Head) ?? stored;
    }

    /// <summary>What a checkpoint holds.</summary>
    /// <param name="decoder">The decoder's numbers.</param>
    /// <param name="config">config.json.</param>
    public static ExpectedTensors Expected(DecoderShape decoder, ModelConfig config) =>
        new(
            new($"{Root}embed_tokens.weight", decoder.VocabularyRows, decoder.Hidden),
            new(Head, decoder.VocabularyRows, decoder.Hidden),
            [
                .. LlamaWeights.Expected(decoder, Root),
                .. Qwen3Vision.Expected(Tower, Qwen3VlConfig.Vision(config), decoder.Hidden),
            ],
            []
        );
}
