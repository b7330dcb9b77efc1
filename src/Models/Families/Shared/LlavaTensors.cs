namespace Pipelines.Models.Families.Shared;

/// <summary>
/// The tensors of LLaVA-1.5 and LLaVA-NeXT: CLIP, projector, Llama; and the names of all that are laid out like them.
/// </summary>
internal static class LlavaTensors
{
    /// <summary>What stands before the decoder's <c>layers.0</c>.</summary>
    public const string Root = "language_model.model.";

    /// <summary>The unembedding.</summary>
    public const string Head = "language_model.lm_head.weight";

    /// <summary>What the tower's tensors lie below.</summary>
    public const string Tower = "vision_tower.vision_model";

    /// <summary>
    /// The hub's name of a stored name, in all families that the hub lays out as LLaVA (language_model, vision_tower,
    /// multi_modal_projector).
    /// </summary>
    public static string HubName(string stored)
    {
        string name = TensorNames.WithoutModel(stored);
        if (name.StartsWith("vision_tower.", StringComparison.Ordinal))
        {
            return TensorNames.Inserted(name, "vision_tower.", "vision_model.");
        }

        return name.StartsWith("multi_modal_projector.", StringComparison.Ordinal) || name == AnyresFeatures.Newline
            ? name
            : TensorNames.Decoder(name, Root, Head) ?? stored;
    }

    /// <summary>What a checkpoint holds.</summary>
    /// <param name="decoder">The decoder's numbers.</param>
    /// <param name="config">config.json.</param>
    public static ExpectedTensors Expected(DecoderShape decoder, ModelConfig config)
    {
        ClipShape vision = LlavaConfig.Vision(config);
        long hidden = decoder.Hidden;
        int blocks = LlavaConfig.VisionBlocks(config, vision);
        bool bias = LlavaConfig.ProjectorBias(config);
        return new ExpectedTensors(
            new($"{Root}embed_tokens.weight", decoder.VocabularyRows, hidden),
            new(Head, decoder.VocabularyRows, hidden),
            [
                .. LlamaWeights.Expected(decoder, Root),
                .. LlavaProjector.Expected(vision.Hidden, hidden, bias),
                .. ClipVision.Expected(Tower, vision, blocks),
            ],
            ClipVision.Unused(Tower, vision, blocks)
        );
    }
}
