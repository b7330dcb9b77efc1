namespace Pipelines.Models.Families;

/// <summary>A tensor that a model claims when it loads.</summary>
/// <param name="Name">The hub's name.</param>
/// <param name="Shape">Sizes.</param>
internal sealed record ExpectedTensor(string Name, params long[] Shape)
{
    /// <summary>
    /// A linear layer: <c>name.weight</c> [outputs, inputs] and, with a bias, <c>name.bias</c> [outputs].
    /// </summary>
    public static IEnumerable<ExpectedTensor> Linear(string name, long outputs, long inputs, bool bias) =>
        bias
            ? [new($"{name}.weight", outputs, inputs), new($"{name}.bias", outputs)]
            : [new($"{name}.weight", outputs, inputs)];

    /// <summary>A LayerNorm: weight and bias.</summary>
    public static IEnumerable<ExpectedTensor> Norm(string name, long features) =>
        [new($"{name}.weight", features), new($"{name}.bias", features)];
}

/// <summary>What a family's checkpoint must hold and may hold, as its configuration says.</summary>
/// <param name="Embedding">The embedding's name: where a checkpoint of another form is recognised.</param>
/// <param name="Head">The unembedding's weight; not among <paramref name="Tensors"/>, because a tied model has
/// none.</param>
/// <param name="Tensors">All others.</param>
/// <param name="Unused">Full names or beginnings of names that are stored but never used.</param>
internal sealed record ExpectedTensors(
    ExpectedTensor Embedding,
    ExpectedTensor Head,
    IReadOnlyList<ExpectedTensor> Tensors,
    IReadOnlyList<string> Unused
)
{
    /// <summary>The tensors of a model.</summary>
    /// <param name="info">What config.json says.</param>
    /// <param name="config">config.json.</param>
    public static ExpectedTensors Of(ModelInfo info, ModelConfig config) =>
        info.Family switch
        {
            ModelFamily.Llava or ModelFamily.LlavaNext => Llava(info, config),
            ModelFamily.InternVl => InternVl(info, config),
            ModelFamily.Qwen2Vl => Qwen2Vl(info, config),
            _ => throw new ArgumentOutOfRangeException(nameof(info)),
        };

    private static ExpectedTensors Llava(ModelInfo info, ModelConfig config)
    {
        const string root = "language_model.model.",
            tower = "vision_tower.vision_model.";
        ClipShape vision = LlavaConfig.Vision(config);
        long hidden = info.Hidden,
            width = vision.Hidden;
        int blocks = LlavaConfig.VisionBlocks(config, vision);
        bool bias = LlavaConfig.ProjectorBias(config);
        return new ExpectedTensors(
            new($"{root}embed_tokens.weight", info.VocabularyRows, hidden),
            new("language_model.lm_head.weight", info.VocabularyRows, hidden),
            [
                .. LlamaDecoder(info.Decoder, root),
                .. ExpectedTensor.Linear("multi_modal_projector.linear_1", hidden, width, bias),
                .. ExpectedTensor.Linear("multi_modal_projector.linear_2", hidden, hidden, bias),
                .. info.Family == ModelFamily.LlavaNext
                    ? [new ExpectedTensor("image_newline", hidden)]
                    : Array.Empty<ExpectedTensor>(),
                new($"{tower}embeddings.class_embedding", width),
                new(
                    $"{tower}embeddings.patch_embedding.weight",
                    width,
                    vision.Channels,
                    vision.PatchSize,
                    vision.PatchSize
                ),
                new($"{tower}embeddings.position_embedding.weight", 1 + ((long)vision.Grid * vision.Grid), width),
                .. ExpectedTensor.Norm($"{tower}pre_layrnorm", width), // sic
                .. Enumerable.Range(0, blocks).SelectMany(n => ClipBlock($"{tower}encoder.layers.{n}.", vision)),
            ],
            ClipVision.Unused("vision_tower.vision_model", vision, blocks)
        );
    }

    private static IEnumerable<ExpectedTensor> ClipBlock(string block, ClipShape vision)
    {
        long width = vision.Hidden,
            mlp = vision.Intermediate;
        string[] projections = ["q_proj", "k_proj", "v_proj", "out_proj"];
        return
        [
            .. projections.SelectMany(p => ExpectedTensor.Linear($"{block}self_attn.{p}", width, width, bias: true)),
            .. ExpectedTensor.Linear($"{block}mlp.fc1", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc2", width, mlp, bias: true),
            .. ExpectedTensor.Norm($"{block}layer_norm1", width),
            .. ExpectedTensor.Norm($"{block}layer_norm2", width),
        ];
    }

    private static ExpectedTensors InternVl(ModelInfo info, ModelConfig config)
    {
        const string root = "language_model.model.";
        bool internLm2 = InternVlConfig.IsInternLm2(config);
        InternVisionShape vision = InternVlConfig.Vision(config);
        int blocks = InternVlConfig.VisionBlocks(config, vision);
        long hidden = info.Hidden,
            width = vision.Hidden,
            joined = 4 * width;
        return new ExpectedTensors(
            new(root + (internLm2 ? "tok_embeddings.weight" : "embed_tokens.weight"), info.VocabularyRows, hidden),
            new(
                internLm2 ? "language_model.output.weight" : "language_model.lm_head.weight",
                info.VocabularyRows,
                hidden
            ),
            [
                .. internLm2 ? InternLm2Decoder(info.Decoder, root) : LlamaDecoder(info.Decoder, root),
                .. ExpectedTensor.Norm("mlp1.0", joined),
                .. ExpectedTensor.Linear("mlp1.1", hidden, joined, bias: true),
                .. ExpectedTensor.Linear("mlp1.3", hidden, hidden, bias: true),
                new("vision_model.embeddings.class_embedding", 1, 1, width),
                new("vision_model.embeddings.position_embedding", 1, 1 + ((long)vision.Grid * vision.Grid), width),
                new("vision_model.embeddings.patch_embedding.weight", width, 3, vision.PatchSize, vision.PatchSize),
                new("vision_model.embeddings.patch_embedding.bias", width),
                .. Enumerable
                    .Range(0, blocks)
                    .SelectMany(n => InternBlock($"vision_model.encoder.layers.{n}.", vision)),
            ],
            InternVision.Unused("vision_model", vision, blocks)
        );
    }

    private static IEnumerable<ExpectedTensor> InternBlock(string block, InternVisionShape vision)
    {
        long width = vision.Hidden,
            mlp = vision.Intermediate;
        return
        [
            .. ExpectedTensor.Linear($"{block}attn.qkv", 3 * width, width, bias: true),
            .. ExpectedTensor.Linear($"{block}attn.proj", width, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc1", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc2", width, mlp, bias: true),
            .. ExpectedTensor.Norm($"{block}norm1", width),
            .. ExpectedTensor.Norm($"{block}norm2", width),
            new($"{block}ls1", width),
            new($"{block}ls2", width),
        ];
    }

    private static ExpectedTensors Qwen2Vl(ModelInfo info, ModelConfig config)
    {
        Qwen2VisionShape vision = Qwen2VlConfig.Vision(config);
        long hidden = info.Hidden,
            width = vision.EmbedDim,
            merged = vision.Merged;
        return new ExpectedTensors(
            new("model.embed_tokens.weight", info.VocabularyRows, hidden),
            new("lm_head.weight", info.VocabularyRows, hidden),
            [
                .. LlamaDecoder(info.Decoder, "model."),
                new(
                    "visual.patch_embed.proj.weight",
                    width,
                    3,
                    vision.TemporalPatchSize,
                    vision.PatchSize,
                    vision.PatchSize
                ),
                .. Enumerable.Range(0, vision.Depth).SelectMany(n => QwenBlock($"visual.blocks.{n}.", vision)),
                .. ExpectedTensor.Norm("visual.merger.ln_q", width),
                .. ExpectedTensor.Linear("visual.merger.mlp.0", merged, merged, bias: true),
                .. ExpectedTensor.Linear("visual.merger.mlp.2", hidden, merged, bias: true),
            ],
            []
        );
    }

    private static IEnumerable<ExpectedTensor> QwenBlock(string block, Qwen2VisionShape vision)
    {
        long width = vision.EmbedDim,
            mlp = vision.Intermediate;
        return
        [
            .. ExpectedTensor.Norm($"{block}norm1", width),
            .. ExpectedTensor.Norm($"{block}norm2", width),
            .. ExpectedTensor.Linear($"{block}attn.qkv", 3 * width, width, bias: true),
            .. ExpectedTensor.Linear($"{block}attn.proj", width, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc1", mlp, width, bias: true),
            .. ExpectedTensor.Linear($"{block}mlp.fc2", width, mlp, bias: true),
        ];
    }

    private static IEnumerable<ExpectedTensor> LlamaDecoder(DecoderShape shape, string root)
    {
        long hidden = shape.Hidden,
            mlp = shape.Intermediate,
            queries = (long)shape.Heads * shape.HeadDim,
            keys = (long)shape.KvHeads * shape.HeadDim;
        IEnumerable<ExpectedTensor> Layer(string layer) =>
            [
                new($"{layer}input_layernorm.weight", hidden),
                .. ExpectedTensor.Linear($"{layer}self_attn.q_proj", queries, hidden, shape.QkvBias),
                .. ExpectedTensor.Linear($"{layer}self_attn.k_proj", keys, hidden, shape.QkvBias),
                .. ExpectedTensor.Linear($"{layer}self_attn.v_proj", keys, hidden, shape.QkvBias),
                new($"{layer}self_attn.o_proj.weight", hidden, queries),
                new($"{layer}post_attention_layernorm.weight", hidden),
                new($"{layer}mlp.gate_proj.weight", mlp, hidden),
                new($"{layer}mlp.up_proj.weight", mlp, hidden),
                new($"{layer}mlp.down_proj.weight", hidden, mlp),
            ];
        return
        [
            .. Enumerable.Range(0, shape.Layers).SelectMany(n => Layer($"{root}layers.{n}.")),
            new($"{root}norm.weight", hidden),
        ];
    }

    private static IEnumerable<ExpectedTensor> InternLm2Decoder(DecoderShape shape, string root)
    {
        long hidden = shape.Hidden,
            mlp = shape.Intermediate,
            queries = (long)shape.Heads * shape.HeadDim,
            keys = (long)shape.KvHeads * shape.HeadDim;
        IEnumerable<ExpectedTensor> Layer(string layer) =>
            [
                new($"{layer}attention_norm.weight", hidden),
                new($"{layer}attention.wqkv.weight", queries + (2 * keys), hidden),
                new($"{layer}attention.wo.weight", hidden, queries),
                new($"{layer}ffn_norm.weight", hidden),
                new($"{layer}feed_forward.w1.weight", mlp, hidden),
                new($"{layer}feed_forward.w3.weight", mlp, hidden),
                new($"{layer}feed_forward.w2.weight", hidden, mlp),
            ];
        return
        [
            .. Enumerable.Range(0, shape.Layers).SelectMany(n => Layer($"{root}layers.{n}.")),
            new($"{root}norm.weight", hidden),
        ];
    }
}
