namespace Pipelines.Domain;

/// <summary>What a threshold is set on.</summary>
public enum ValidationQuantity
{
    /// <summary>phi(x_k): crossed when it rises above the threshold.</summary>
    Faithfulness,

    /// <summary>phi(1 - x_k): crossed when it falls below the threshold.</summary>
    Completeness,
}
