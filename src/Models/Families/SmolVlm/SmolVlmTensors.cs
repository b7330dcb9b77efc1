using Pipelines.Models.Families.Shared;

namespace Pipelines.Models.Families.SmolVlm;

/// <summary>The tensors of SmolVLM2 and Idefics3: SigLIP, one projection, Llama.</summary>
internal static class SmolVlmTensors
{
    /// <summary>Where the decoder lies.</summary>
    public const string Text = "model.text_model";

    /// <summary>Where the tower lies.</summary>
    public const string Tower = "model.vision_model";

    /// <summary>The projection of joined patches.</summary>
    public const string Projection = "model.connector.modality_projection.proj";

    private const string Head = "lm_head.weight";
    private static readonly string[] Parts = ["text_model.", "vision_model.", "connector."];

    /// <summary>What of the tower is run.</summary>
    public static SiglipUse Use(SiglipShape shape) => new(shape.Layers, FinalNorm: true);

    /// <summary>The hub's name of a stored name: a base model's dump lacks <c>model.</c>.</summary>
    public static string HubName(string stored)
    {
        string name = TensorNames.WithoutModel(stored);
        return Parts.Any(part => name.StartsWith(part, StringComparison.Ordinal)) ? "model." + name
            : name == Head ? Head
            : stored;
    }

    /// <summary>What a checkpoint holds.</summary>
    /// <param name="decoder">The decoder's numbers.</param>
    /// <param name="config">config.json.</param>
    public static ExpectedTensors Expected(DecoderShape decoder, ModelConfig config)
    {
        SiglipShape tower = SmolVlmConfig.Vision(config);
        int scale = SmolVlmConfig.Scale(config);
        return new ExpectedTensors(
            new($"{Text}.embed_tokens.weight", decoder.VocabularyRows, decoder.Hidden),
            new(Head, decoder.VocabularyRows, decoder.Hidden),
            [
                .. LlamaWeights.Expected(decoder, $"{Text}."),
                .. SiglipVision.Expected(Tower, tower, Use(tower)),
                new($"{Projection}.weight", decoder.Hidden, (long)scale * scale * tower.Hidden),
            ],
            SiglipVision.Unused(Tower, tower, Use(tower))
        );
    }
}
