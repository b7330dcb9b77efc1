namespace Pipelines.Models.Families;

/// <summary>A tensor that a model claims when it loads.</summary>
/// <param name="Name">The hub's name.</param>
/// <param name="Shape">Sizes.</param>
public sealed record ExpectedTensor(string Name, params long[] Shape)
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
public sealed record ExpectedTensors(
    ExpectedTensor Embedding,
    ExpectedTensor Head,
    IReadOnlyList<ExpectedTensor> Tensors,
    IReadOnlyList<string> Unused
);
