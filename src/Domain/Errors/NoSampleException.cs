namespace Pipelines.Domain.Errors;

/// <summary>
/// Of the pictures that were asked about none is left to be analysed. The answers tell why: a run that ends so shows
/// where they stand.
/// </summary>
/// <param name="where">The stage or setting.</param>
/// <param name="what">What is wrong, with a few of the answers.</param>
/// <param name="remedy">What to do.</param>
public sealed class NoSampleException(string where, string what, string remedy) : InputException(where, what, remedy);
