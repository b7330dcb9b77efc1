using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;

namespace Pipelines.Models.Families;

/// <summary>
/// Holds a checkpoint's headers against what its configuration asks for, so that what does not fit is an error before
/// anything runs.
/// </summary>
internal static class CheckpointNames
{
    private const string TieKey = "tie_word_embeddings";

    /// <summary>What an adapter's training leaves inside the names.</summary>
    private static readonly string[] AdapterParts =
    [
        ".lora_A.",
        ".lora_B.",
        ".lora_embedding_",
        ".base_layer.",
        ".lora_magnitude_vector",
        ".modules_to_save.",
    ];

    /// <summary>Who puts a prefix of this form in front of every name.</summary>
    private static readonly (string Prefix, string Who)[] Wrappers =
    [
        ("base_model.model.", "an adapter's (PEFT) that was not merged"),
        ("module.", "DistributedDataParallel's or DeepSpeed's"),
        ("_orig_mod.", "torch.compile's"),
        ("_fsdp_wrapped_module.", "FSDP's"),
        ("_forward_module.", "Lightning's"),
    ];

    /// <summary>
    /// Demands that the checkpoint holds what the model claims, in the shapes that config.json says, and nothing else.
    /// </summary>
    /// <param name="checkpoint">The headers, by the hub's names.</param>
    /// <param name="info">What config.json says.</param>
    /// <param name="config">config.json.</param>
    /// <exception cref="InputException">Names the tensor, or the prefix of a wrapped model.</exception>
    public static void Require(Checkpoint checkpoint, ModelInfo info, ModelConfig config)
    {
        ExpectedTensors expected = info.Family.Tensors(info.Decoder, config);
        RefuseAdapters(checkpoint);
        RefuseWrapped(checkpoint, expected.Embedding, info.Family.HubName);
        bool hasHead = checkpoint.Tensors.ContainsKey(expected.Head.Name);
        bool tiesWithoutHead = info.Family.TiesWithoutHead?.Invoke(config) == true;
        if (!hasHead && !info.Decoder.TiedHead && !tiesWithoutHead)
        {
            throw new InputException(
                checkpoint.Folder,
                $"the checkpoint has no '{expected.Head.Name}', and no 'tie_word_embeddings' of config.json is true.",
                "Without an unembedding (embedding and reranking models have none) there are no logits: use the "
                    + "checkpoint of the whole model."
            );
        }

        var needed = new HashSet<string>(StringComparer.Ordinal);
        foreach (
            ExpectedTensor tensor in expected.Tensors.Append(expected.Embedding).Concat(hasHead ? [expected.Head] : [])
        )
        {
            checkpoint.Require(tensor.Name, tensor.Shape);
            needed.Add(tensor.Name);
        }

        checkpoint.RequireNothingBut(needed, expected.Unused);
        if (hasHead)
        {
            RequireOneHead(checkpoint, expected, config, asksTop: info.Family.TiesWithoutHead is null);
        }
    }

    /// <summary>
    /// Where a flag says that the head is the embedding and the files hold another one, transformers 4 takes the
    /// embedding and 5 the stored head.
    /// </summary>
    private static void RequireOneHead(
        Checkpoint checkpoint,
        ExpectedTensors expected,
        ModelConfig config,
        bool asksTop
    )
    {
        ModelConfig? tied = ((string[])["text_config", "llm_config"])
            .Select(config.OptionalSection)
            .Prepend(asksTop ? config : null)
            .FirstOrDefault(c => c?.Flag(TieKey, false) == true);
        if (tied is not null && !checkpoint.AreSame(expected.Head.Name, expected.Embedding.Name))
        {
            StoredTensor head = checkpoint.Tensors[expected.Head.Name];
            throw tied.Error(
                TieKey,
                $"is true, but '{head.Name}' in {Path.GetFileName(head.File)} is another matrix than the embedding: "
                    + "versions of transformers differ in which of them gives the logits.",
                "Set it to false if the stored head is the model's; else remove the head from the weights."
            );
        }
    }

    private static void RefuseAdapters(Checkpoint checkpoint)
    {
        StoredTensor? adapter = checkpoint.Tensors.Values.FirstOrDefault(t =>
            AdapterParts.Any(p => t.Name.Contains(p, StringComparison.Ordinal))
        );
        if (adapter is not null)
        {
            throw new InputException(
                adapter.File,
                $"holds a tensor of an adapter, '{adapter.Name}'.",
                "Merge the adapter into the weights (`merge_and_unload`) and save the whole model."
            );
        }
    }

    /// <summary>
    /// A prefix that training put in front of the names would leave every tensor unknown: say the prefix, not hundreds
    /// of names.
    /// </summary>
    private static void RefuseWrapped(Checkpoint checkpoint, ExpectedTensor embedding, Func<string, string> hubName)
    {
        if (checkpoint.Tensors.ContainsKey(embedding.Name))
        {
            return;
        }

        foreach (StoredTensor tensor in checkpoint.Tensors.Values.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            (string? prefix, string? who) = Wrappers.FirstOrDefault(w => IsWrapped(tensor.Name, w.Prefix));
            prefix ??= Steps(tensor.Name).FirstOrDefault(step => IsWrapped(tensor.Name, step));
            if (prefix is not null)
            {
                throw new InputException(
                    tensor.File,
                    $"the tensors' names begin with '{prefix}'{(who is null ? "" : $", {who}")}: these are weights "
                        + $"of a wrapped model ('{tensor.Name}').",
                    "Save the model itself (`unwrap`, `merge_and_unload`, then `save_pretrained`), or take the "
                        + "prefix off the names."
                );
            }
        }

        bool IsWrapped(string name, string prefix) =>
            name.StartsWith(prefix, StringComparison.Ordinal) && hubName(name[prefix.Length..]) == embedding.Name;
    }

    /// <summary>a., a.b., a.b.c. of a name.</summary>
    private static IEnumerable<string> Steps(string name) =>
        Enumerable.Range(0, name.Length).Where(i => name[i] == '.').Select(i => name[..(i + 1)]);
}
