using Amazon.Lambda.AspNetCoreServer;

namespace __NAMESPACE__;

/// <summary>
/// Where Lambda enters the application. The base class turns the event into an ASP.NET Core request and the response
/// back into what the event source expects. The handler, as serverless.template names it, is
/// <c>__NAME__::__NAMESPACE__.LambdaEntryPoint::FunctionHandlerAsync</c>.
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
