namespace Pipelines.Models.Families.Qwen2Vl;

/// <summary>Qwen2-VL's tensors: its ViT, the merger, Qwen2.</summary>
internal static class Qwen2VlTensors
{
    private const string Root = "model.",
        Head = "lm_head.weight",
        Tower = "visual";

    /// <summary>The hub's name of a stored name.</summary>
    public static string HubName(string stored)
    {
        string name = TensorNames.WithoutModel(stored);
        return name.StartsWith("visual.", StringComparison.Ordinal)
            ? name
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
                .. Qwen2Vision.Expected(Tower, Qwen2VlConfig.Vision(config), decoder.Hidden),
            ],
            []
        );
}
