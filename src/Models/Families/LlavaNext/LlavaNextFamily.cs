using System.Text.Json.Nodes;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Making;

namespace Pipelines.Models.Families.LlavaNext;

/// <summary>LLaVA-NeXT, v1.6 (<c>llava_next</c>).</summary>
internal static class LlavaNextFamily
{
    private static readonly Recipe OnVicuna = Recipe(LlavaMaking.BlankBeforeFirstStretch),
        OnMistral = Recipe(LlavaMaking.BlankBeforeEachStretch),
        OnLlama3 = Recipe(TokenizerFilesWriter.WriteLlama3),
        OnYi = Recipe(TokenizerFilesWriter.WriteYi);

    /// <summary>All that is known of it.</summary>
    public static Family Family { get; } =
        new()
        {
            Name = LlavaNextSettings.Family,
            ModelTypes = ["llava_next"],
            Decoder = LlavaConfig.Decoder,
            RequireUnderstood = LlavaNextConfig.RequireUnderstood,
            Tower = LlavaNextConfig.Tower,
            HubName = LlavaTensors.HubName,
            Tensors = Tensors,
            Load = parts => new LlavaNextModel(parts),
            Image = new ImageFields { Size = 336 },
            ImageProcessor = LlavaNextSettings.Keys,
            Counter = LlavaNextModel.Counter,
            Regions = LlavaNextModel.Regions,
            TokenGrid = TokenGridKind.First,
            Mark = LlavaPrompt.Mark,
            RequireImageToken = LlavaPrompt.RequireImageToken,
            Templates = LlavaNextPrompt.Templates,
            Template = (info, config) =>
                ModelTemplate.OwnOr(info, () => LlavaNextPrompt.Published(info.Folder, config)),
            TokensBeforeImage = 16,
            EndOfTurn = "<|eot_id|>", // Llama 3; Vicuna and Mistral have no such token, and end with eos
            OtherEndsOfTurn = ["<|im_end|>"], // Yi
            Published =
            [
                Vicuna("llava-v1.6-vicuna-7b-hf", layers: 32, heads: 32, hidden: 4096, intermediate: 11008),
                Vicuna("llava-v1.6-vicuna-13b-hf", layers: 40, heads: 40, hidden: 5120, intermediate: 13824),
                Grouped("llava-v1.6-mistral-7b-hf", OnMistral, rows: 32064),
                Grouped("llama3-llava-next-8b-hf", OnLlama3, rows: 128320),
                Grouped("llava-v1.6-34b-hf", OnYi, rows: 64064) with
                {
                    Layers = 60,
                    Heads = 56,
                    Hidden = 7168,
                    Intermediate = 20480,
                },
            ],
        };

    private static ExpectedTensors Tensors(DecoderShape decoder, ModelConfig config)
    {
        ExpectedTensors shared = LlavaTensors.Expected(decoder, config);
        return shared with { Tensors = [.. shared.Tensors, new(AnyresFeatures.Newline, decoder.Hidden)] };
    }

    private static Recipe Recipe(Action<JsonObject, string> writeTokenizer) =>
        LlavaMaking.Recipe(model => [PlannedTensor.Spread(AnyresFeatures.Newline, 0.5, model.Hidden)], writeTokenizer);

    private static PublishedModel Vicuna(string name, int layers, int heads, int hidden, int intermediate) =>
        new(
            name,
            OnVicuna,
            DecoderLayout.Llama,
            Layers: layers,
            Heads: heads,
            KvHeads: heads,
            HeadDim: 128,
            Hidden: hidden,
            Intermediate: intermediate,
            VocabularyRows: 32064,
            VisionLayers: 24
        );

    /// <summary>Mistral's and Llama 3's numbers, of 8 key/value heads.</summary>
    private static PublishedModel Grouped(string name, Recipe recipe, int rows) =>
        new(
            name,
            recipe,
            DecoderLayout.Llama,
            Layers: 32,
            Heads: 32,
            KvHeads: 8,
            HeadDim: 128,
            Hidden: 4096,
            Intermediate: 14336,
            VocabularyRows: rows,
            VisionLayers: 24
        );
}
