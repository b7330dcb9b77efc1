namespace Pipelines.Domain;

/// <summary>What mends expected gradients where phi is not what they say.</summary>
public enum GradientResidual
{
    /// <summary>Nothing: beta and intercept come from the gradient passes alone.</summary>
    None,

    /// <summary>An elastic net fitted to what the gradients leave of the forward passes' train masks.</summary>
    ElasticNet,

    /// <summary>
    /// The elastic net where ML.NET's cross-validation on the train masks says that it helps, else nothing.
    /// </summary>
    Auto,
}
