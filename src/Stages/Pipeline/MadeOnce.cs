using System.Collections.Concurrent;

namespace Pipelines.Stages;

/// <summary>Values that are made at the first call, by one caller while others wait.</summary>
internal static class MadeOnce
{
    /// <summary>
    /// The value of a key. What could not be made is forgotten: a file that cannot be read now may be read the next
    /// time.
    /// </summary>
    /// <param name="made">The values.</param>
    /// <param name="key">Whose value.</param>
    /// <param name="make">Makes it.</param>
    public static TValue GetOrMake<TKey, TValue>(
        this ConcurrentDictionary<TKey, Lazy<TValue>> made,
        TKey key,
        Func<TValue> make
    )
        where TKey : notnull
    {
        Lazy<TValue> value = made.GetOrAdd(key, _ => new Lazy<TValue>(make));
        try
        {
            return value.Value;
        }
        catch
        {
            made.TryRemove(KeyValuePair.Create(key, value));
            throw;
        }
    }
}
