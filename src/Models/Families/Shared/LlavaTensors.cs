namespace Pipelines.Models.Families.Shared;

/// <summary>The tensors of LLaVA-1.5 and LLaVA-NeXT: CLIP, projector, Llama.</summary>
internal static class LlavaTensors
{
    private const string Root = "language_model.model.",
        Head = "language_model.lm_head.weight",
        Tower = "vision_tower.vision_model";

    /// <summary>The hub's name of a stored name.</summary>
    public static string HubName(string stored)
    {
        string name = TensorNames.WithoutModel(stored);
        if (name.StartsWith("vision_tower.", StringComparison.Ordinal))
        {
            return TensorNames.Inserted(name, "vision_tower.", "vision_model.");
        }

        return name.StartsWith("multi_modal_projector.", StringComparison.Ordinal) || name == "image_newline"
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
                .. ExpectedTensor.Linear("multi_modal_projector.linear_1", hidden, vision.Hidden, bias),
                .. ExpectedTensor.Linear("multi_modal_projector.linear_2", hidden, hidden, bias),
                .. ClipVision.Expected(Tower, vision, blocks),
            ],
            ClipVision.Unused(Tower, vision, blocks)
        );
    }
}
