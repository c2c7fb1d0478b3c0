using Amazon.Lambda.APIGatewayEvents;
using Amazon.Lambda.AspNetCoreServer;
using Amazon.Lambda.RuntimeSupport;
using Amazon.Lambda.Serialization.SystemTextJson;

namespace __NAMESPACE__;

/// <summary>
/// Where Lambda enters the application. The base class turns the event into an ASP.NET Core request and the response
/// back into what the event source expects.
/// </summary>
/// <remarks>
/// The base class has to fit the event source:
/// <list type="bullet">
/// <item>REST API, or HTTP API with payload format 1.0: <see cref="APIGatewayProxyFunction"/></item>
/// <item>HTTP API with payload format 2.0, or a function URL: APIGatewayHttpApiV2ProxyFunction</item>
/// <item>Application Load Balancer: ApplicationLoadBalancerFunction</item>
/// </list>
/// </remarks>
public class LambdaEntryPoint : APIGatewayProxyFunction
{
    /// <summary>
    /// Asks Lambda for one event after the other and answers each, for as long as the execution environment lives.
    /// When the base class changes, the types of request and response change with it.
    /// </summary>
    public static async Task RunAsync()
    {
        var entryPoint = new LambdaEntryPoint();
        using var bootstrap = LambdaBootstrapBuilder
            .Create<APIGatewayProxyRequest, APIGatewayProxyResponse>(entryPoint.FunctionHandlerAsync, new DefaultLambdaJsonSerializer())
            .Build();
        await bootstrap.RunAsync();
    }

    /// <summary>
    /// Configures the web host. Configuration, logging and the connection to Lambda are set up already;
    /// only the startup class has to be named.
    /// </summary>
    protected override void Init(IWebHostBuilder builder)
    {
        builder.UseStartup<Startup>();
    }

    /// <summary>
    /// Configures the generic host, for what does not belong to the web host: another container, more configuration
    /// sources, background services. Do not call ConfigureWebHostDefaults here: the base class does, and a second
    /// call would configure the web host twice.
    /// </summary>
    protected override void Init(IHostBuilder builder)
    {
    }
}
